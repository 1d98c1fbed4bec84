package session

// hold is called when answers cannot be written, and with nil when they can again.
func (s *Session) hold(err error) {
	s.Pool.Hold(err)
	if err != nil {
		s.logger.Warn("answers cannot be written: they are held, and no call starts", "error", err)
	} else {
		s.logger.Info("answers are written again")
	}
}
