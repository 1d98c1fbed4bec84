package failures

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatDiffersIsMasked(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"customer 8412 not found":    "customer # not found",
		"customer 977 not found":     "customer # not found",
		"Not Found":                  "Not Found",
		`postal code "7X 1" unknown`: `postal code "#" unknown`,
		"no user 'alice', don't ask": "no user '#', don't ask",
		"request 0a52f1c0-7d3b-4c4e-9f1e-2b7a3c5d6e7f failed at 2026-01-02T03:04:05.123Z": "request # failed at #",
		"trace deadbeef1 of cus_9s8f7d and order-12":                                      "trace # of # and order-#",
		"dial tcp 10.0.0.7:8080: connect: connection refused":                             "dial tcp #: connect: connection refused",
		"GET https://api.example.com/v1/customers/8412/orders?id=12&full=yes: EOF":        "GET https://api.example.com/#/customers/#/orders?id=#&full=#: EOF",
		"x509: certificate has expired, see http2":                                        "x509: certificate has expired, see http2",
		`Unauthorized: {"error": "invalid_api_key", "request": "req_12"}`:                 `Unauthorized: {"error": "invalid_api_key", "request": "req_#"}`,
		"Unprocessable Entity: {\n  \"detail\": \"no item 12\"\n}\n":                      `Unprocessable Entity: { "detail": "no item #" }`,
		"rate of 1,234.5 is above 20.5%, wait 3.5s":                                       "rate of # is above #%, wait #s",
		"mail to ann.lee+x@example.com bounced.":                                          "mail to # bounced.",
		"token kJHgfdsaZ9poiuMNbv is wrong":                                               "token # is wrong",
		"at 0xc000123: é 三 12":                                                            "at #: é 三 #",
		"":                                                                                "",
	} {
		require.Equal(t, want, Mask(message), message)
	}
}

// messages are near those that APIs and programs give, and further ones.
func messages() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"customer ", "not found", " ", ": ", ", ", `"`, "'", "`", "{", "}", "[", `":"`, "=", "(", ")", "\n", "\t", "…", "#", "-", "_", ".", "@",
			"https://api.example.com/v1/", "http://", "?id=", "&x", "%20", "0x", "T03:04:05Z", "2026-01-02", "é", "三", "\xff", "a@b.c",
			"don't ", "x509", "utf-8", "deadbeef", "kJHgfdsaZpoiuMNbv",
		}),
		rapid.StringMatching(`[0-9]{1,12}`), rapid.StringMatching(`[a-zA-Z]{1,20}`), rapid.StringN(0, 8, -1),
	)
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), "") })
}

func TestMaskingTwiceIsMaskingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := Mask(messages().Draw(t, "message"))
		require.Equal(t, once, Mask(once))
		require.LessOrEqual(t, len(once), maxMask)
		require.True(t, utf8.ValidString(once))
		require.NotContains(t, once, "\n")
	})
}

func TestTheSameTextWithOtherNumbersIsMaskedAlike(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{
			"customer %", "not found", "order-% of cus_%", `code "%"`, "(%)", "at %ms", "%.% %", "row %:", "https://a.example/%/x?y=%", "[%, %]", "{\"id\":%}",
		}), 1, 8).Draw(t, "words")
		number := rapid.Map(rapid.Uint32(), func(n uint32) string { return strconv.Itoa(int(n)) })
		fill := func(name string) string {
			text := strings.Join(words, " ")
			for strings.Contains(text, "%") {
				text = strings.Replace(text, "%", number.Draw(t, name), 1)
			}
			return text
		}
		require.Equal(t, Mask(fill("a")), Mask(fill("b")))
	})
}

func TestLongMessages(t *testing.T) {
	t.Parallel()
	require.Equal(t, "panic in # "+strings.Repeat("é", 93)+"…", Mask("panic in 7\n"+strings.Repeat("é", 100_000)))
	require.Equal(t, strings.Repeat("#", 1), Mask(strings.Repeat("9", 100_000)))
}

func BenchmarkMask(b *testing.B) {
	message := `Unprocessable Entity: {"detail": "customer 8412 of 0a52f1c0-7d3b-4c4e-9f1e-2b7a3c5d6e7f has no address", "at": "2026-01-02T03:04:05Z"}`
	for b.Loop() {
		Mask(message)
	}
}
