package app

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// completionPatience bounds what a person waits for after a press of the tab key.
const completionPatience = 2 * time.Second

// workloadTypes are the types that TYPE/NAME is completed with, as kubectl names
// them.
var workloadTypes = []string{"cronjob", "daemonset", "deployment", "job", "pod", "replicaset", "replicationcontroller", "statefulset"}

// completeWith completes a flag with fixed values.
func completeWith(command *cobra.Command, flag string, values ...string) {
	// The error is of a flag that does not exist, which the tests of completion see.
	_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeCluster completes the flags that name what is in a cluster.
func completeCluster(command *cobra.Command, flags *cluster.Flags) {
	_ = command.RegisterFlagCompletionFunc("namespace", live(flags, func(ctx context.Context, connection *cluster.Cluster) ([]string, error) {
		all, err := connection.Namespaces(ctx)
		names := make([]string, len(all))
		for i := range all {
			names[i] = all[i].Name
		}
		return names, err
	}))
	_ = command.RegisterFlagCompletionFunc("injector", live(flags, func(ctx context.Context, connection *cluster.Cluster) ([]string, error) {
		var all admissionregistrationv1.MutatingWebhookConfigurationList
		err := connection.Client.List(ctx, &all)
		var names []string
		for i := range all.Items {
			names = append(names, all.Items[i].Name)
		}
		return names, err
	}))
}

// completeWorkloads completes TYPE/NAME with live objects.
func completeWorkloads(flags *cluster.Flags) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, begun string) ([]string, cobra.ShellCompDirective) {
		kind, _, named := strings.Cut(begun, "/")
		if !named {
			types := make([]string, len(workloadTypes))
			for i, name := range workloadTypes {
				types[i] = name + "/"
			}
			return types, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return live(flags, func(_ context.Context, connection *cluster.Cluster) ([]string, error) {
			objects, err := connection.Objects([]string{kind})
			var names []string
			for _, object := range objects {
				names = append(names, kind+"/"+object.GetName())
			}
			return names, err
		})(command, arguments, begun)
	}
}

// live completes with what a cluster has. One that cannot be asked in time has
// nothing to offer.
func live(flags *cluster.Flags, list func(context.Context, *cluster.Cluster) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		connection, err := flags.Connect(version.Program())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(command.Context(), completionPatience)
		defer cancel()
		names := make(chan []string, 1)
		go func() {
			found, _ := list(ctx, connection)
			names <- found
		}()
		select {
		case found := <-names:
			return found, cobra.ShellCompDirectiveNoFileComp
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}
