package calls

import (
	"testing"
)

func BenchmarkFill(b *testing.B) {
	value := record(`{"id":"a b/17","name":"Ann","n":12345,"list":[1,2,3,4,5,6,7,8,9,10],"text":"some text of a usual length, with \"quotes\""}`)
	for name, body := range map[string]string{
		"plain":    `{{.id}} {{.name}}`,
		"json":     `{{json .}}`,
		"urlquery": `{{.id | urlquery}}`,
		"printf":   `{{printf "%s-%05s" .name .n}}`,
		"range":    `{{range $i, $e := .list}}{{if $i}},{{end}}{{$e}}{{end}}`,
	} {
		b.Run(name, func(b *testing.B) {
			s := spec("http://x/{{.id}}")
			s.Body.Text = body
			c, err := newHTTP(s, Options{Env: env})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.templates.fill(b.Context(), value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
