// Package hold prepares what the proxy of a pod needs to start: its configuration, which WriteConfig unpacks into a volume
// that the proxy mounts (config.go), and, where it is an ordinary container, a way to hold the pod's other containers back
// until it is ready.
//
// The kubelet starts ordinary containers one after the other, in the order of the list, and the next only when the
// postStart hook of the one before has ended. The proxy stands first, and its hook runs this program, which the proxy's
// image does not have:
//
//	Install  the init container copies the program to a volume that the proxy mounts     install.go
//	Wait     the hook asks the proxy whether it is ready, until it is                    wait.go
package hold
