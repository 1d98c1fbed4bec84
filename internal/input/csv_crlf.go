package input

import (
	"bytes"
	"io"
)

// crDoubler makes CRCRLF of each CRLF between quotes. encoding/csv takes one carriage
// return away before each line feed, between quotes too, so what was there is left.
//
// A quote that is doubled, or out of place, does not matter: the first counts as two,
// the second ends the reading with an error.
type crDoubler struct {
	source io.Reader
	in     []byte
	// rest is what has not been read yet; it lies in out, or in in.
	out, rest []byte
	// quoted and last are the state at the end of what was doubled.
	quoted bool
	last   byte
	// doubled is how many carriage returns have been added.
	doubled int64
}

func (d *crDoubler) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		if d.in == nil {
			d.in = make([]byte, bufferBytes)
		}
		n, err := d.source.Read(d.in)
		if n == 0 {
			return 0, err
		}
		// An error that comes with bytes comes again without.
		d.rest = d.double(d.in[:n])
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// double returns src as it is, or a longer copy.
func (d *crDoubler) double(src []byte) []byte {
	if !d.quoted && bytes.IndexByte(src, '"') < 0 {
		d.last = src[len(src)-1]
		return src
	}
	d.out = d.out[:0]
	for len(src) > 0 {
		part := src
		quote := bytes.IndexByte(src, '"')
		if quote >= 0 {
			part = src[:quote+1]
		}
		if d.quoted {
			d.doubleIn(part)
		} else {
			d.out = append(d.out, part...)
		}
		if quote >= 0 {
			d.quoted = !d.quoted
		}
		d.last = part[len(part)-1]
		src = src[len(part):]
	}
	return d.out
}

// doubleIn appends a part that lies between quotes.
func (d *crDoubler) doubleIn(part []byte) {
	if d.last == '\r' && part[0] == '\n' {
		d.out = append(d.out, '\r')
		d.doubled++
	}
	for {
		i := bytes.Index(part, []byte("\r\n"))
		if i < 0 {
			d.out = append(d.out, part...)
			return
		}
		d.out = append(d.out, part[:i+1]...)
		d.out = append(d.out, '\r')
		d.doubled++
		part = part[i+1:]
	}
}
