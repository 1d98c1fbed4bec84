package connect

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

// dialTimeout bounds how long a server may take to answer at first.
const dialTimeout = 10 * time.Second

// Flags override what environment and profile say; empty ones do not.
type Flags struct {
	Address, Namespace, Profile, APIKey string
}

// Profile is how to reach a server.
type Profile struct {
	Options client.Options
	// Named says whether anything (a flag, TEMPORAL_ADDRESS, a profile) names a
	// server, or the options just hold the default.
	Named bool
}

// Load reads TEMPORAL_* variables and the profile as every Temporal tool does,
// with the flags on top.
func Load(flags Flags, logger *slog.Logger) (Profile, error) {
	config, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{ConfigFileProfile: flags.Profile})
	if err != nil {
		return Profile{}, fmt.Errorf("the connection settings cannot be read: %w", err)
	}
	override(&config.Address, flags.Address)
	override(&config.Namespace, flags.Namespace)
	override(&config.APIKey, flags.APIKey)
	options, err := config.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return Profile{}, fmt.Errorf("the connection settings are wrong: %w", err)
	}
	options.Logger = log.NewStructuredLogger(logger)
	return Profile{Options: options, Named: config.Address != ""}, nil
}

func override(setting *string, flag string) {
	if flag != "" {
		*setting = flag
	}
}

// NoServerError says that no server answers at an address now.
type NoServerError struct {
	Address string
	Err     error
}

func (e *NoServerError) Error() string {
	text := fmt.Sprintf("no Temporal server answers at %s: %s; check --address and TEMPORAL_ADDRESS", e.Address, Reason(e.Err))
	if e.Address == client.DefaultHostPort {
		text += ", or start one with temporal server start-dev" // which listens there
	}
	return text
}

func (e *NoServerError) Unwrap() error { return e.Err }

// Dial connects. The error is a *NoServerError if no server answers; a server that
// refuses has its own.
func Dial(ctx context.Context, options client.Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, options)
	switch {
	case err == nil:
		return c, nil
	case Unreachable(err):
		return nil, &NoServerError{Address: AddressOf(options), Err: err}
	default:
		return nil, fmt.Errorf("the Temporal server at %s refuses: %w; check the namespace, the API key and the certificates", AddressOf(options), err)
	}
}

// AddressOf is the server that the options name, or the default.
func AddressOf(options client.Options) string {
	return cmp.Or(options.HostPort, client.DefaultHostPort)
}
