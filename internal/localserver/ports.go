package localserver

import (
	"context"
	"errors"
	"net"
	"net/url"

	"longhaul/job"
)

// choosePorts takes the ports that the server in dir had last, if they are
// free, so that a bookmark of the Web UI and a worker's address stay right.
func choosePorts(ctx context.Context, dir string) (port, uiPort string, err error) {
	last := lastPorts(dir)
	if port, err = freePort(ctx, last[0]); err == nil {
		uiPort, err = freePort(ctx, last[1])
	}
	if err != nil {
		return "", "", job.Errorf(job.KindServer, loopback, "there is no port for the local Temporal server: %w", err).
			WithHint("use a running server with --address")
	}
	return port, uiPort, nil
}

// lastPorts are "0", any port, if there was no server.
func lastPorts(dir string) [2]string {
	ports := [2]string{"0", "0"}
	last, err := readAddresses(dir)
	if err != nil {
		return ports
	}
	if _, port, err := net.SplitHostPort(last.Address); err == nil {
		ports[0] = port
	}
	if ui, err := url.Parse(last.UI); err == nil && ui.Port() != "" {
		ports[1] = ui.Port()
	}
	return ports
}

// freePort is the wanted port if no process listens there, else any free one.
func freePort(ctx context.Context, wanted string) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, wanted))
	if err != nil && wanted != "0" {
		listener, err = config.Listen(ctx, "tcp", net.JoinHostPort(loopback, "0"))
	}
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
