package app

import (
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// versionInfo is what the program was built of.
type versionInfo struct {
	Version   string `json:"version"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
	// Commit is that of the source, and Modified says that it was changed since;
	// both are known to who builds from a clone.
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	// Libraries are the versions of those whose behaviour is seen outside.
	Libraries map[string]string `json:"libraries"`
}

// libraries are the modules that version names.
var libraries = []string{
	"github.com/cert-manager/cert-manager",
	"github.com/Masterminds/sprig/v3",
	"istio.io/api",
	"k8s.io/api",
	"k8s.io/apiserver",
	"k8s.io/client-go",
	"sigs.k8s.io/controller-runtime",
	"sigs.k8s.io/kustomize/api",
}

func newVersionCommand() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  # With the versions of the libraries, for scripts.
  sidecar-injector version -o json`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			write, err := parseDataFormat(output, func(info *versionInfo, out io.Writer) error {
				_, err := io.WriteString(out, info.String())
				return err
			})
			if err != nil {
				return err
			}
			return write(newVersionInfo(), command.OutOrStdout())
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	completeWith(command, "output", "text", "json", "yaml")
	return command
}

// String is the version in a line.
func (i *versionInfo) String() string {
	return version.Line("sidecar-injector") + "\n"
}

func newVersionInfo() *versionInfo {
	info := &versionInfo{Version: version.Program(), GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Libraries: map[string]string{}}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	built := map[string]string{}
	for _, module := range build.Deps {
		built[module.Path] = module.Version
	}
	for _, name := range libraries {
		if version, ok := built[name]; ok {
			info.Libraries[name] = version
		}
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Commit = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}
