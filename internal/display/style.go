package display

import (
	"os"
	"strings"

	"golang.org/x/term"
)

// size is that of a terminal.
type size struct{ width, height int }

// sizeOf returns a function that asks the terminal each time; one that does not know has 80 columns.
func sizeOf(file *os.File) func() size {
	return func() size {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return size{80, 24}
		}
		return size{width, height}
	}
}

// style is what a terminal can show.
type style struct{ color, unicode bool }

// styleFrom reads the environment as other programs do: see no-color.org.
func styleFrom(getenv func(string) string) style {
	locale := getenv("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = getenv(name)
		}
	}
	locale = strings.ToLower(locale)
	return style{
		color:   getenv("NO_COLOR") == "",
		unicode: strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8"),
	}
}
