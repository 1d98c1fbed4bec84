package failures

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMask bounds a masked message, in bytes.
	maxMask = 200
	// maxRead is how much of a message is looked at, in bytes.
	maxRead = 4000
	// masked stands for what differs.
	masked = '#'
	// minHex is the length from which hex digits are an id and not a word.
	minHex = 8
	// minToken is the length from which letters with a digit are a random token.
	minToken = 16
	ellipsis = "…"
)

// names have digits that are no numbers.
var names = map[string]bool{
	"x509": true, "http2": true, "utf8": true, "utf-8": true, "ipv4": true, "ipv6": true, "oauth2": true, "base64": true,
	"sha1": true, "sha256": true, "sha512": true, "md5": true, "s3": true, "ec2": true, "h2": true, "rs256": true,
}

// Mask returns the message with numbers, ids, UUIDs, hex strings, quoted values,
// timestamps, addresses and the variable parts of URLs replaced by #, on one
// line of at most 200 bytes. A masked message stays as it is.
func Mask(message string) string {
	message = strings.ToValidUTF8(message[:min(len(message), maxRead)], "\uFFFD")
	for {
		// Masking can make one word of two. No pass makes the text longer.
		text := mask(message)
		if text == message {
			return text
		}
		message = text
	}
}

func mask(message string) string {
	m := masker{in: message}
	m.out.Grow(min(len(message), maxMask) + utf8.UTFMax)
	for m.at < len(m.in) && m.out.Len() <= maxMask {
		m.step()
	}
	text := strings.TrimRight(m.out.String(), " ")
	if len(text) <= maxMask {
		return text
	}
	return clip(text, maxMask)
}

// clip cuts a text to so many bytes, with an ellipsis at its end.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimRight(text[:end], " ") + ellipsis
}

// masker goes through a message once.
type masker struct {
	in  string
	at  int
	out strings.Builder
	// before is the last rune written, beforeGap the last that is no space, and
	// beforeColon the one in front of that.
	before, beforeGap, beforeColon rune
}

func (m *masker) write(r rune) {
	m.out.WriteRune(r)
	if r != ' ' {
		m.beforeColon, m.beforeGap = m.beforeGap, r
	}
	m.before = r
}

func (m *masker) writeAll(text string) {
	for _, r := range text {
		m.write(r)
	}
}

// step takes what begins here: a gap, a quoted value, a URL, a word, or one rune.
func (m *masker) step() {
	r, size := utf8.DecodeRuneInString(m.in[m.at:])
	switch {
	case unicode.IsSpace(r) || unicode.IsControl(r):
		if m.out.Len() > 0 && m.before != ' ' {
			m.write(' ')
		}
	case isQuote(r) && m.quoted(r):
		return
	case isWordRune(r):
		if end := urlEnd(m.in[m.at:]); end > 0 {
			m.writeAll(maskURL(m.in[m.at : m.at+end]))
			m.at += end
			return
		}
		if end := emailEnd(m.in[m.at:]); end > 0 {
			m.write(masked)
			m.at += end
			return
		}
		end := wordEnd(m.in[m.at:])
		m.writeAll(maskWord(m.in[m.at : m.at+end]))
		m.at += end
		return
	default:
		m.write(r)
	}
	m.at += size
}

func isQuote(r rune) bool { return r == '"' || r == '\'' || r == '`' }

// quoted masks a quoted value, if this is where one begins. The strings of JSON are
// none: they are the message.
func (m *masker) quoted(quote rune) bool {
	if !m.mayOpen() {
		return false
	}
	content := m.in[m.at+1:]
	for from := 0; ; {
		i := strings.IndexRune(content[from:], quote)
		if i < 0 {
			return false
		}
		end := from + i
		next, _ := utf8.DecodeRuneInString(content[end+1:])
		from = end + 1
		if isWordRune(next) && next != utf8.RuneError {
			continue // an apostrophe
		}
		if end == 0 || urlEnd(content[:end]) > 0 {
			return false // nothing, or a URL that is masked by itself
		}
		m.write(quote)
		m.write(masked)
		m.write(quote)
		m.at += end + 2
		return true
	}
}

func (m *masker) mayOpen() bool {
	if m.out.Len() > 0 && m.before != ' ' && m.before != '(' && m.before != '=' && m.before != '<' {
		return false
	}
	switch m.beforeGap {
	case '{', '[', ',':
		return false
	case ':':
		return m.beforeColon != '"'
	}
	return true
}

// wordEnd is how long the word is that begins here: letters, digits, - and _, and
// between two digits also the signs that numbers, times and addresses have.
func wordEnd(text string) int {
	var last rune
	for i, r := range text {
		if isWordRune(r) {
			last = r
			continue
		}
		next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		if r != '.' && r != ',' && r != ':' || !isDigit(last) || !isDigit(next) {
			return i
		}
		last = r
	}
	return len(text)
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || isDigit(r) || r == '_' || r == '-'
}

// isDigit counts what is masked as a digit, so that a masked word stays as it is.
func isDigit(r rune) bool { return unicode.IsDigit(r) || r == masked }

// emailEnd is how long the e-mail address is that begins here; 0 if none does.
func emailEnd(text string) int {
	local := strings.IndexFunc(text, func(r rune) bool { return !isWordRune(r) && r != '.' && r != '+' })
	if local <= 0 || text[local] != '@' {
		return 0
	}
	host := strings.IndexFunc(text[local+1:], func(r rune) bool { return !isWordRune(r) && r != '.' })
	if host < 0 {
		host = len(text) - local - 1
	}
	host = len(strings.TrimRight(text[local+1:local+1+host], "."))
	if host == 0 {
		return 0
	}
	return local + 1 + host
}

// maskWord replaces a word that is an id, or the number in a word.
func maskWord(word string) string {
	if names[strings.ToLower(word)] {
		return word
	}
	numbers, first, last := 0, -1, 0
	within := false
	for i, r := range word {
		digit := isDigit(r) || within && (r == '.' || r == ',' || r == ':')
		if digit && !within {
			numbers++
			if first < 0 {
				first = i
			}
		}
		if digit {
			last = i + utf8.RuneLen(r)
		}
		within = digit
	}
	switch {
	case numbers == 0:
		return word
	case numbers > 1 || isHex(word) || hasToken(word):
		return string(masked)
	default:
		return word[:first] + string(masked) + word[last:]
	}
}

func isHex(word string) bool {
	if strings.HasPrefix(word, "0x") || strings.HasPrefix(word, "0X") {
		return true
	}
	return len(word) >= minHex && strings.IndexFunc(word, func(r rune) bool { return !isDigit(r) && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') }) < 0
}

// hasToken says whether a piece without - and _ is too long to be a word with a
// number.
func hasToken(word string) bool {
	for piece := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '_' }) {
		if len(piece) >= minToken && strings.IndexFunc(piece, isDigit) >= 0 && strings.IndexFunc(piece, unicode.IsLetter) >= 0 {
			return true
		}
	}
	return false
}
