//go:build linux

package traffic_test

import (
	"fmt"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// dump returns all tables, chains, sets with their elements, and rules of the network namespace, each as the kernel
// writes it but for handles, which are numbered anew whenever something is replaced.
func dump() ([]string, error) {
	var lines []string
	for _, kind := range []struct {
		message int
		handles []uint16 // attributes that are left out
	}{
		{unix.NFT_MSG_GETTABLE, []uint16{tableHandle}},
		{unix.NFT_MSG_GETCHAIN, []uint16{unix.NFTA_CHAIN_HANDLE}},
		{unix.NFT_MSG_GETSET, []uint16{setHandle}},
		{unix.NFT_MSG_GETRULE, []uint16{unix.NFTA_RULE_HANDLE, unix.NFTA_RULE_POSITION}},
	} {
		messages, err := request(kind.message, unix.NFPROTO_UNSPEC)
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			line, err := describe(kind.message, message, kind.handles)
			if err != nil {
				return nil, err
			}
			lines = append(lines, line)
			if kind.message != unix.NFT_MSG_GETSET {
				continue
			}
			elements, err := elements(message)
			if err != nil {
				return nil, err
			}
			lines = append(lines, elements...)
		}
	}
	return lines, nil
}

// NFTA_TABLE_HANDLE and NFTA_SET_HANDLE of linux/netfilter/nf_tables.h.
const (
	tableHandle = 4
	setHandle   = 16
)

// describe returns the attributes of an object in one line.
func describe(kind int, message []byte, without []uint16) (string, error) {
	attributes, err := nl.ParseRouteAttr(message[nl.SizeofNfgenmsg:])
	line := fmt.Sprint(kind)
	for _, attribute := range attributes {
		if !slices.Contains(without, attribute.Attr.Type) {
			line += fmt.Sprintf(" %d=%x", attribute.Attr.Type, attribute.Value)
		}
	}
	return line, err
}

// elements returns those of a set, from its message.
func elements(set []byte) ([]string, error) {
	attributes, err := nl.ParseRouteAttr(set[nl.SizeofNfgenmsg:])
	if err != nil {
		return nil, err
	}
	var which []nl.NetlinkRequestData
	for _, attribute := range attributes {
		switch attribute.Attr.Type {
		case unix.NFTA_SET_TABLE:
			which = append(which, nl.NewRtAttr(unix.NFTA_SET_ELEM_LIST_TABLE, attribute.Value))
		case unix.NFTA_SET_NAME:
			which = append(which, nl.NewRtAttr(unix.NFTA_SET_ELEM_LIST_SET, attribute.Value))
		}
	}
	messages, err := request(unix.NFT_MSG_GETSETELEM, set[0], which...)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, message := range messages {
		line, err := describe(unix.NFT_MSG_GETSETELEM, message, nil)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// request asks nftables for all objects of a kind and family.
func request(message int, family uint8, which ...nl.NetlinkRequestData) ([][]byte, error) {
	request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|message, unix.NLM_F_DUMP)
	request.AddData(&nl.Nfgenmsg{NfgenFamily: family, Version: nl.NFNETLINK_V0})
	for _, attribute := range which {
		request.AddData(attribute)
	}
	return request.Execute(unix.NETLINK_NETFILTER, 0)
}
