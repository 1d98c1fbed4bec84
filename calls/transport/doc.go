// Package transport has a [Direct], an [http.RoundTripper] for plain HTTP/1.1 that needs
// about half the processor time of [http.Transport]: a request is written, and its answer
// read, in the goroutine that asks for it, while http.Transport has two goroutines for each
// connection and passes every request through channels. Answers are parsed by net/http. TLS,
// proxies, upgrades, and long bodies, which must be sent while the answer may come already,
// are left to the http.Transport behind it.
//
//   - direct.go: a request and its answer
//   - plain.go: which requests Direct does itself
//   - connections.go: the connections that are kept, by address
//   - connection.go: one connection: its deadline, its limits, whether it is stale
//   - write.go: the request, as net/http writes it
//   - deadline.go: a context for one request
//   - body.go: the body of an answer, at whose end the connection is given back
package transport
