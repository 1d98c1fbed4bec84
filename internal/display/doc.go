// Package display shows jobs to people: as a screen that is redrawn in place on a terminal, as
// plain lines elsewhere, and as the texts of status, of failures and of the end of a run.
package display
