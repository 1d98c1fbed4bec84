package localserver

import "context"

// Keep checks until ctx is done that the server lives, and starts it again whenever it
// has died: of several processes that do this, one starts it, on the same database.
// The function restarted is called each time when it runs again, in each of them. The error
// says that it cannot be started.
func (s *Server) Keep(ctx context.Context, restarted func()) error {
	known := s.processID()
	for wait(ctx) == nil {
		if !s.alive() {
			if err := s.ensure(ctx, func() error { return nil }); err != nil && ctx.Err() == nil {
				return err
			}
		}
		// Another process may have been quicker.
		if now := s.processID(); now != "" && now != known {
			known = now
			restarted()
		}
	}
	return nil
}
