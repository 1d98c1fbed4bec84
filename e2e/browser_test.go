package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a page has to show something: much longer than it takes.
const patience = 30 * time.Second

// The size of the page in pixels.
const width, height = 1400, 1000

// tab is a page of a Chromium of its own.
type tab struct {
	*testing.T
	ctx context.Context
}

// newTab starts Chromium, which ends with the test. chromedp gives it a folder of
// its own and removes that once the last of its processes has gone.
func newTab(t *testing.T) *tab {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("Chromium is not on this machine: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"),
		chromedp.Flag("headless", "new"),
		chromedp.NoSandbox, // Chromium does not start as root without.
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	// chromedp binds the browser's life to the first context it runs with, so
	// that one has no deadline.
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		closing, stop := context.WithTimeout(ctx, patience)
		defer stop()
		if err := chromedp.Cancel(closing); err != nil {
			t.Logf("Chromium did not end well: %v", err)
		}
		cancel()
	})
	require.NoError(t, chromedp.Do(ctx), "start Chromium")
	p := &tab{T: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(width, height))
	return p
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.fail(err)
	}
}

// await returns the first value of a JavaScript expression that is true.
func awaitValue[T any](p *tab, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Poll[T](expression,
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.Logf("the page never fulfilled %s", expression)
		p.fail(err)
	}
	return value
}

// fail keeps a picture and the text of the page for whoever looks into it.
func (p *tab) fail(err error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, textErr := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	p.Logf("the page (%v):\n%s", textErr, text)
	p.screenshot("failed.png")
	require.NoError(p, err)
}

// screenshot leaves a PNG of what the window shows: in the folder that SCREENSHOTS
// names (make screenshots), or among the test's artifacts.
func (p *tab) screenshot(name string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		dir := os.Getenv("SCREENSHOTS")
		if dir == "" {
			dir = p.ArtifactDir()
		}
		err = os.WriteFile(filepath.Join(dir, name), png, 0o644)
	}
	if err != nil {
		p.Logf("no picture %s: %v", name, err)
	}
}

// text returns what an element says as soon as it can be seen.
func (p *tab) text(xpath string) string {
	p.Helper()
	return awaitValue[[]string](p, fmt.Sprintf(`(() => {
		const element = %s;
		return element && [(element.innerText ?? element.textContent).trim()];
	})()`, find(xpath)))[0]
}

// click is of the mouse, as soon as the element can be seen.
func (p *tab) click(xpath string) {
	p.Helper()
	at := awaitValue[[]float64](p, fmt.Sprintf(`(() => {
		const element = %s;
		element?.scrollIntoView({block: "nearest"});
		const box = element?.getBoundingClientRect();
		return box && [box.x + box.width / 2, box.y + box.height / 2];
	})()`, find(xpath)))
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// rendered is a text in Markdown as the Web UI shows it.
type rendered struct {
	Text  string     `json:"text"`
	Rows  [][]string `json:"rows"`
	Whole bool       `json:"whole"` // nothing is outside of its frame
}

// markdown returns the text under a heading, which the Web UI renders in a
// frame, as soon as it has the words.
func (p *tab) markdown(heading, words string) rendered {
	p.Helper()
	return awaitValue[rendered](p, fmt.Sprintf(`(() => {
		const frame = %s;
		const main = frame?.contentDocument?.querySelector("main");
		const text = main?.innerText.trim();
		return text && text.includes(%q) && frame.height && { // has its height once it has loaded
			text: text,
			rows: [...main.querySelectorAll("tr")].map(row => [...row.cells].map(cell => cell.innerText.trim())),
			whole: [...main.querySelectorAll("tr, p, li")].every(e =>
				e.innerText.trim() === "" || e.getBoundingClientRect().bottom <= frame.clientHeight),
		};
	})()`, find("//h3[normalize-space()='"+heading+"']/following::iframe[1]"), words))
}

// colorScheme is what the reader prefers: light or dark.
func colorScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// find is the JavaScript for the first element of an XPath that can be seen.
// The Web UI has hidden copies for narrow screens and menus that are closed,
// which chromedp's own NodeVisible does not tell from visible ones.
func find(xpath string) string {
	return fmt.Sprintf(`((xpath) => {
		const found = document.evaluate(xpath, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
		return Array.from({length: found.snapshotLength}, (_, i) => found.snapshotItem(i))
			.find(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}));
	})(%q)`, xpath)
}
