package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// fromFiles says whether the flags name files.
func (o *workloadOptions) fromFiles() bool {
	return len(o.sources.Filenames) > 0 || o.sources.Kustomize != ""
}

// check checks the flags that a command was called with; its errors are wrong usage. arguments name live objects.
func (o *workloadOptions) check(command *cobra.Command, arguments []string) error {
	file := slices.IndexFunc(arguments, isFile)
	switch {
	case o.fromFiles() && len(arguments) > 0:
		if _, err := os.Stat(arguments[0]); err == nil {
			return usageErrorf("-f takes one file, and %q is another: want -f before each, or a pattern in quotes", arguments[0])
		}
		return usageErrorf("-f and -k are for files, %q names a live object: want one of the two", arguments[0])
	case file >= 0:
		return usageErrorf("%q is a file, not TYPE/NAME of a live object: want -f %[1]s", arguments[file])
	case !o.fromFiles() && len(arguments) == 0:
		return usageErrorf("nothing is named: want -f, -k, or TYPE/NAME of live objects")
	case o.sources.AllowRemote && o.sources.Kustomize == "":
		return usageErrorf("--allow-remote is for -k")
	case o.verbose && !o.sources.Recursive:
		return usageErrorf("-v is for -R")
	case o.fromFiles() && (o.cluster.AllNamespaces || o.cluster.Selector != ""):
		return usageErrorf("-A and -l choose live objects, not what stands in files")
	}
	if namespace := o.cluster.GivenNamespace(); namespace != "" {
		if problems := validation.ValidateNamespaceName(namespace, false); len(problems) > 0 {
			return usageErrorf("-n: %q is no namespace name: %s", namespace, problems[0])
		}
	}
	for _, text := range o.templates {
		path, err := manifest.ParseTemplatePath(text)
		if err != nil {
			return usageErrorf("--pod-template-path: %w", err)
		}
		o.paths = append(o.paths, path)
	}
	return o.checkCluster(command)
}

// isFile says whether an argument that should name live objects is a file's name. A directory is one only where it ends in
// a slash, since "deploy" is a type of objects too.
func isFile(argument string) bool {
	switch filepath.Ext(argument) {
	case ".yaml", ".yml", ".json":
		return true
	}
	for _, begins := range []string{"./", "../", "/"} {
		if strings.HasPrefix(argument+"/", begins) {
			return true
		}
	}
	info, err := os.Stat(argument)
	return argument == "-" || strings.HasSuffix(argument, "/") || strings.Contains(argument, "://") || err == nil && info.Mode().IsRegular()
}

// checkCluster refuses flags that say which cluster where none is asked: files alone would be answered as if they had no
// effect.
func (o *workloadOptions) checkCluster(command *cobra.Command) (err error) {
	if !o.fromFiles() {
		return nil
	}
	for _, flag := range []string{"live", "server"} {
		if given := command.Flags().Lookup(flag); given != nil && given.Value.String() == "true" {
			return nil
		}
	}
	want := "files need no cluster: want TYPE/NAME of live objects, or leave it out"
	if command.Flags().Lookup("live") != nil {
		want = "files meet no cluster without --live: want that too, or leave it out"
	}
	command.Flags().Visit(func(flag *pflag.Flag) {
		if err == nil && (cluster.IsConnectionFlag(flag) || flag.Name == "injector") {
			err = usageErrorf("--%s says which cluster, and %s", flag.Name, want)
		}
	})
	return err
}

// check checks the flags that a command was called with; its errors are wrong usage. arguments name live objects.
func (o *inputOptions) check(command *cobra.Command, arguments []string) error {
	if err := o.workloadOptions.check(command, arguments); err != nil {
		return err
	}
	if _, err := manifest.ParseLabels(o.namespaceLabels); err != nil {
		return usageErrorf("--namespace-labels: %w", err)
	}
	if err := errors.Join(o.files.Validate(), o.over.Validate()); err != nil {
		return &usageError{err}
	}
	return nil
}
