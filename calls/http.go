package calls

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"longhaul/calls/transport"
	"longhaul/job"
)

// Those of the default transport.
const (
	dialTimeout = 30 * time.Second
	keepAlive   = 30 * time.Second
)

// checking is how long the templates may take for a record that is not sent.
const checking = 5 * time.Second

// httpCaller makes one HTTP request for each record.
type httpCaller struct {
	spec      job.HTTPSpec
	callID    string
	env       func(name string) (string, error)
	templates *templates
	selection selection
	conditions
	*connections
	hosts *guard
	// last are the headers of the last request, which the next one has too, as a rule.
	last      atomic.Pointer[headerSet]
	redirects func(next *http.Request, via []*http.Request) error
}

func newHTTP(spec job.HTTPSpec, options Options) (*httpCaller, error) {
	parsed, err := parseTemplates(spec, options.Env)
	if err != nil {
		return nil, err
	}
	if spec.Method == "" {
		spec.Method = http.MethodGet
		if !spec.Body.IsEmpty() {
			spec.Method = http.MethodPost
		}
	}
	if err := checkPatterns(options.AllowHosts); err != nil {
		return nil, err
	}
	selected, err := parseSelect(spec)
	if err != nil {
		return nil, err
	}
	judged, err := parseConditions(spec)
	if err != nil {
		return nil, err
	}
	secured, err := tlsConfig(spec.TLS, options.ReadFile)
	if err != nil {
		return nil, err
	}
	hosts := newGuard(options.AllowHosts)
	settings := newTransport(options.Parallelism, hosts.dialer())
	settings.TLSClientConfig = secured
	connections := &connections{}
	connections.Store(transport.New(settings))
	hosts.next = connections
	return &httpCaller{
		spec: spec, callID: options.CallID, env: options.Env, templates: parsed, selection: selected, conditions: judged,
		connections: connections, hosts: hosts, redirects: redirects(spec.Headers),
	}, nil
}

// connections is the transport in use.
type connections struct {
	atomic.Pointer[transport.Direct]
}

// RoundTrip uses one of the connections.
func (c *connections) RoundTrip(r *http.Request) (*http.Response, error) {
	return c.Load().RoundTrip(r)
}

// Close closes the connections that are idle. One of a call in flight is closed by
// its own time-out.
func (c *connections) Close() error {
	c.Load().CloseIdleConnections()
	return nil
}

// Resize makes room for more connections. The old ones are closed when they are
// idle.
func (c *connections) Resize(parallelism int) {
	old := c.Load()
	if parallelism <= old.Next().MaxConnsPerHost {
		return
	}
	larger := old.Next().Clone()
	larger.MaxIdleConnsPerHost, larger.MaxConnsPerHost = parallelism, parallelism
	c.Store(transport.New(larger))
	old.CloseIdleConnections()
}

// newTransport keeps a connection for every call in flight, and opens no more:
// the default keeps two, and would open a new one for nearly every call. The
// upper bound matters too: a call may begin before the connection of the one
// that made way for it is back among the idle ones.
func newTransport(parallelism int, dialer *net.Dialer) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = dialer.DialContext
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = parallelism
	t.MaxConnsPerHost = parallelism
	return t
}

// Check fills in the templates for a record and looks at the URL.
func (c *httpCaller) Check(record job.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), checking)
	defer cancel()
	_, err := c.request(ctx, record)
	var failure *job.CallError
	if errors.As(err, &failure) {
		return job.Errorf(job.KindSpec, "record "+strconv.FormatInt(record.Index, 10), "%s", tellable(err, failure)).
			WithHint("fix the template or the input")
	}
	return err
}

// Admit looks at the host of the record's URL. A record that makes no URL is admitted: its
// failure tells why.
func (c *httpCaller) Admit(record job.Record) error {
	request, err := c.request(context.Background(), record)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	var refused *job.CallError
	if err := c.hosts.checkName(request); errors.As(err, &refused) {
		if strings.Contains(c.spec.URL, request.URL.Hostname()) {
			return job.Errorf(job.KindSpec, "call.http.url", "%s", refused.Message).OfWorker()
		}
		// A record's own host does not go through Temporal.
		return job.Errorf(job.KindSpec, "call.http.url", "the host of record %d is not among those that this worker may call: see --allow-host", record.Index).OfWorker()
	}
	return nil
}

// Call makes one attempt.
func (c *httpCaller) Call(parent context.Context, record job.Record) (job.Answer, error) {
	ctx := transport.WithDeadline(parent, time.Now().Add(c.spec.Timeout.Std()))
	defer ctx.Release()
	request, err := c.request(ctx, record)
	if err != nil {
		return job.Answer{}, err
	}
	response, err := c.send(request)
	if err != nil {
		return job.Answer{}, c.transportError(ctx, err)
	}
	defer response.Body.Close()
	body, err := readBody(response, c.spec.MaxResponseBytes)
	if err != nil {
		return job.Answer{}, c.transportError(ctx, err)
	}
	answer := asJSON(response.Header.Get("Content-Type"), body)
	if err := c.judge(ctx, response, answer, record); err != nil {
		return job.Answer{}, err
	}
	if !isSuccess(response) {
		return job.Answer{}, statusError(response, body, c.spec.RetryOn)
	}
	output, err := c.selection.of(ctx, answer)
	return job.Answer{Output: output, Status: response.StatusCode}, err
}

func (c *httpCaller) request(ctx context.Context, record job.Record) (*http.Request, error) {
	filled, err := c.templates.fill(ctx, record)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if filled.body != "" {
		body = strings.NewReader(filled.body)
	}
	r, err := http.NewRequestWithContext(ctx, c.spec.Method, filled.url, body)
	if isNoURL(r, err) {
		return nil, &job.CallError{Kind: "template", Message: "call.http.url: is not an absolute http or https URL for this record"}
	}
	if err != nil {
		return nil, &job.CallError{Kind: "template", Message: "call.http: the request cannot be made: " + withoutURL(err).Error()}
	}
	// url.URL escapes a space in a path, but not in a query, where it would end the request line.
	r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, " ", "%20")
	var room [4]header
	c.setHeaders(r, c.headers(room[:0], filled, record))
	return r, nil
}

// setHeaders gives requests with the same headers the same map, which nobody changes.
func (c *httpCaller) setHeaders(r *http.Request, headers []header) {
	if last := c.last.Load(); last != nil && slices.Equal(last.headers, headers) {
		r.Header, r.Host = last.made, cmp.Or(last.host, r.Host)
		return
	}
	set := headerSet{headers: slices.Clone(headers), made: r.Header}
	for _, h := range headers {
		if strings.EqualFold(h.name, "Host") {
			set.host = h.value
		} else {
			r.Header.Set(h.name, h.value)
		}
	}
	r.Host = cmp.Or(set.host, r.Host)
	if !c.hasKey() {
		c.last.Store(&set)
	}
}

// headerSet are the headers of a request.
type headerSet struct {
	headers []header
	made    http.Header
	host    string
}

// hasKey says whether each request has a header of its own.
func (c *httpCaller) hasKey() bool {
	return c.spec.Method == http.MethodPost || c.spec.Method == http.MethodPatch
}

func isNoURL(r *http.Request, err error) bool {
	if err != nil {
		return errors.As(err, new(*url.Error))
	}
	return r.URL.Host == "" || r.URL.Scheme != "http" && r.URL.Scheme != "https"
}

// headers appends ours, then those of the spec, which may replace them.
func (c *httpCaller) headers(all []header, filled request, record job.Record) []header {
	all = append(all, header{"User-Agent", "longhaul"})
	if filled.body != "" {
		all = append(all, header{"Content-Type", contentType(filled.body)})
	}
	if c.hasKey() {
		all = append(all, header{"Idempotency-Key", c.callID + "-" + strconv.FormatInt(record.Index, 10)})
	}
	replaced := func(h header) bool {
		return slices.ContainsFunc(filled.headers, func(own header) bool { return strings.EqualFold(own.name, h.name) })
	}
	return append(slices.DeleteFunc(all, replaced), filled.headers...)
}

func contentType(body string) string {
	if json.Valid([]byte(body)) {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// transportError is for what went wrong before there was a whole answer.
func (c *httpCaller) transportError(ctx context.Context, err error) error {
	var failure *job.CallError
	if errors.As(err, &failure) {
		return failure
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &job.CallError{Kind: "timeout", Message: "no answer within " + c.spec.Timeout.String(), Retry: true}
	}
	return &job.CallError{Kind: "transport", Message: withoutURL(err).Error(), Retry: true, Setup: isSetup(err)}
}

// isSetup says whether the error is about the host's name or its certificate, or
// ours, or about https where http is spoken: as a rule a mistake in the spec, and seldom one that passes.
func isSetup(err error) bool {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	return errors.As(err, &name) && name.IsNotFound || errors.As(err, &certificate) || errors.As(err, &alert) ||
		errors.Is(err, http.ErrSchemeMismatch)
}

// withoutURL drops the URL from the error: it may hold a secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
