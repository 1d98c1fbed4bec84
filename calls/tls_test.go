package calls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// files are those below the worker's root.
type files map[string][]byte

func (f files) read(name string) ([]byte, error) {
	if data, ok := f[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

// authority makes a certificate for 127.0.0.1 that is its own authority.
func authority(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	der8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der8})
}

// secure is an HTTP/2 server that wants a client certificate of the authority.
func secure(t *testing.T, certificate, key []byte, opened *atomic.Int32) string {
	t.Helper()
	pair, err := tls.X509KeyPair(certificate, key)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificate))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q", r.Proto)
	}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestTLSByFileName(t *testing.T) {
	t.Parallel()
	certificate, key := authority(t)
	root := files{"ca.pem": certificate, "client.pem": certificate, "client.key": key, "none.pem": []byte("none")}
	var opened atomic.Int32
	s := spec(secure(t, certificate, key, &opened))
	with := func(tls job.TLSSpec) (*httpCaller, error) {
		s.TLS = tls
		return newHTTP(s, Options{Parallelism: 10, Env: env, ReadFile: root.read})
	}
	c, err := with(job.TLSSpec{CAFile: "ca.pem", CertFile: "client.pem", KeyFile: "client.key"})
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			answer, err := c.Call(t.Context(), record(`1`))
			if err != nil || string(answer.Output) != `"HTTP/2.0"` {
				t.Errorf("%s %v", answer.Output, err)
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, opened.Load(), int32(10))

	for _, half := range []job.TLSSpec{{}, {CAFile: "ca.pem"}, {CertFile: "client.pem", KeyFile: "client.key"}} {
		c, err := with(half)
		require.NoError(t, err)
		_, err = c.Call(t.Context(), record(`1`))
		var failure *job.CallError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, "transport", failure.Kind)
	}
	for message, bad := range map[string]job.TLSSpec{
		"call.http.tls.ca_file: cannot be used: missing.pem": {CAFile: "missing.pem"},
		"it holds no certificate in PEM":                     {CAFile: "none.pem"},
		"call.http.tls.key_file: cannot be used":             {CertFile: "client.pem", KeyFile: "missing.key"},
		"call.http.tls.cert_file: cannot be used: tls":       {CertFile: "client.pem", KeyFile: "none.pem"},
	} {
		_, err := with(bad)
		require.ErrorContains(t, err, message)
		require.Equal(t, job.KindSpec, job.KindOf(err))
	}
}
