// Package version tells of which version a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (-X …/internal/version.version=v1.2.3). Empty: the version of the module that was built.
var version string

// Program returns the version of the running program: the linker's, else the one that Go recorded of the module, which
// is there if the module was installed by its version or built from a clone, else "devel".
func Program() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// Line returns the line, without its end, by which the program of this name tells its version:
// "NAME v1.2.3 (go1.26.0, linux/amd64)".
func Line(name string) string {
	return fmt.Sprintf("%s %s (%s, %s/%s)", name, Program(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
