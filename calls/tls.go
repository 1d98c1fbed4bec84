package calls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"longhaul/job"
)

// tlsConfig trusts the spec's authorities, if it names any, instead of the
// system's, and shows its client certificate. The files are read once.
func tlsConfig(spec job.TLSSpec, readFile func(name string) ([]byte, error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if spec.CAFile != "" {
		text, err := readFile(spec.CAFile)
		if err != nil {
			return nil, unreadable("ca_file", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, unreadable("ca_file", errors.New("it holds no certificate in PEM"))
		}
	}
	if spec.CertFile == "" {
		return config, nil
	}
	certificate, err := readFile(spec.CertFile)
	if err != nil {
		return nil, unreadable("cert_file", err)
	}
	key, err := readFile(spec.KeyFile)
	if err != nil {
		return nil, unreadable("key_file", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, unreadable("cert_file", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// unreadable stays an error of the worker if a file is not there.
func unreadable(field string, err error) error {
	return job.Errorf(job.KindSpec, "call.http.tls."+field, "cannot be used: %w", err)
}
