package localserver

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"longhaul/job"
)

// addresses are the content of server.json.
type addresses struct {
	// Address of the gRPC service, host:port, and URL of the Web UI.
	Address string `json:"address"`
	UI      string `json:"ui"`
}

func addressesAt(port, uiPort string) addresses {
	return addresses{net.JoinHostPort(loopback, port), "http://" + net.JoinHostPort(loopback, uiPort)}
}

// readAddresses returns the zero value if no server has ever been started in dir.
func readAddresses(dir string) (a addresses, err error) {
	name := filepath.Join(dir, addressFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err != nil {
		return a, job.Errorf(job.KindServer, name, "the address of the server cannot be read: %w", err)
	}
	return a, nil
}

func (a addresses) write(dir string) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, addressFile), append(data, '\n'), 0o600)
}
