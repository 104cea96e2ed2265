package check

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Status is how a check ended.
type Status string

// How a check can end.
const (
	// OK: it is as it should be.
	OK Status = "ok"
	// Warning: it may do harm, or it could not be looked at.
	Warning Status = "warning"
	// Failed: the injector cannot be installed, or does not work.
	Failed Status = "failed"
)

// Result is one check and how it ended. As JSON and YAML its fields keep their names and meaning; more may come.
type Result struct {
	// Group is what the check belongs to, and Check a short word that is stable.
	Group string `json:"group"`
	Check string `json:"check"`
	// Status, and in a sentence what was found.
	Status  Status `json:"status"`
	Message string `json:"message"`
	// Hint says what to do, if it is not ok.
	Hint string `json:"hint,omitempty"`
}

// Report has the result of each check, in the order in which they were made.
type Report struct {
	// OK says that none failed.
	OK     bool     `json:"ok"`
	Checks []Result `json:"checks"`
}

// Count returns how many checks ended so.
func (r *Report) Count(status Status) (count int) {
	for i := range r.Checks {
		if r.Checks[i].Status == status {
			count++
		}
	}
	return count
}

// section adds the results of one group.
type section struct {
	report *Report
	group  string
}

func (r *Report) section(group string) section { return section{r, group} }

func (s section) add(check string, status Status, hint, format string, args ...any) {
	s.report.Checks = append(s.report.Checks, Result{s.group, check, status, fmt.Sprintf(format, args...), hint})
	s.report.OK = s.report.OK && status != Failed
}

func (s section) ok(check, format string, args ...any) { s.add(check, OK, "", format, args...) }

// unknown adds what could not be looked at: a warning where that is not allowed, else it failed.
func (s section) unknown(check string, err error) {
	if apierrors.IsForbidden(err) {
		s.add(check, Warning, "ask for this permission, or have somebody check who has it", "cannot be looked at: %v", err)
		return
	}
	s.add(check, Failed, "", "cannot be looked at: %v", err)
}
