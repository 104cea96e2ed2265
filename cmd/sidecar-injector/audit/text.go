package audit

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"
)

// Write writes the report as a table for people; wide adds the details and examples.
func (r *Report) Write(out io.Writer, wide bool) error {
	if len(r.Findings) > 0 {
		table := printers.GetNewTabWriter(out)
		head := "NAMESPACE\tWORKLOAD\tPODS\tFINDING\tWHAT TO DO"
		if wide {
			head += "\tDETAIL\tEXAMPLES"
		}
		fmt.Fprintln(table, head)
		for _, group := range r.Findings {
			row := fmt.Sprintf("%s\t%s/%s\t%d\t%s\t%s", group.Namespace, strings.ToLower(group.Workload.Kind), group.Name, group.Pods, group.Finding, group.Remedy)
			if wide {
				row += fmt.Sprintf("\t%s\t%s", group.Detail, strings.Join(group.Examples, ","))
			}
			fmt.Fprintln(table, row)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, r.summary())
	return err
}

// summary says in one line what was looked at and found.
func (r *Report) summary() string {
	workloads, pods := map[Workload]bool{}, 0
	for _, group := range r.Findings {
		workloads[group.Workload] = true
		pods += group.Pods
	}
	looked := fmt.Sprintf("%s looked at, %d with a sidecar: ", count(r.Pods, "pod"), r.Sidecars)
	if pods == 0 {
		return looked + "nothing to do"
	}
	return looked + fmt.Sprintf("something is wrong with %s of %s", count(pods, "pod"), count(len(workloads), "workload"))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
