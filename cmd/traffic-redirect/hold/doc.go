// Package hold gives the proxy of a pod its configuration, and holds the containers of the pod back until the proxy is ready,
// where that is an ordinary container.
//
// The kubelet starts ordinary containers one after the other, in the order of the list, and the next only when the
// postStart hook of the one before has ended. The proxy stands first, and its hook runs this program, which the proxy's
// image does not have:
//
//	WriteConfig  the init container unpacks the configuration into a volume that the proxy mounts  config.go
//
//	Install  the init container copies the program to a volume that the proxy mounts     install.go
//	Wait     the hook asks the proxy whether it is ready, until it is                    wait.go
package hold
