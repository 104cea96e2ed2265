// Package text is for people: it prints rulesets in the syntax of nft(8), and says how two of them differ.
package text
