package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// restartAll restarts the workloads that new pods help, if whoever is asked says yes, and says whether it did.
func (o *auditOptions) restartAll(ctx context.Context, restarter *audit.Restarter, report *audit.Report, stdin io.Reader, stderr io.Writer) (bool, error) {
	restart, others := report.Restartable()
	for _, other := range others {
		why := other.Remedy
		if other.Finding == audit.Failed {
			why = "its new pods would fail: " + other.Detail
		}
		fmt.Fprintln(stderr, terminal.Text(fmt.Sprintf("%s/%s in %s is not restarted: %s", strings.ToLower(other.Workload.Kind), other.Name, other.Namespace, why)))
	}
	if len(restart) == 0 {
		fmt.Fprintln(stderr, "no workload to restart")
		return false, nil
	}
	if !o.yes {
		question := "Restart this workload? [y/N] "
		if len(restart) > 1 {
			question = fmt.Sprintf("Restart %d workloads, one after the other? [y/N] ", len(restart))
		}
		if agreed, err := ask(ctx, stdin, stderr, question); err != nil || !agreed {
			return false, err
		}
	}
	status := terminal.NewStatus(stderr)
	defer status.Close()
	restarter.Progress = status
	return true, restarter.Restart(ctx, restart)
}

// ask asks whoever is at the terminal. Anything but a yes is a no.
func ask(ctx context.Context, stdin io.Reader, stderr io.Writer, question string) (bool, error) {
	fmt.Fprint(stderr, question)
	answers := make(chan string, 1)
	go func() {
		// What ends without a line is no answer, and so is an error.
		answer, _ := bufio.NewReader(stdin).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(stderr)
		return false, errors.New("interrupted, nothing is restarted")
	case answer := <-answers:
		return answer == "y" || answer == "yes", nil
	}
}
