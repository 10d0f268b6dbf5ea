/** Completion for zsh, sourced or as a file in $fpath. */

export function zshScript(program: string): string {
  return `#compdef ${program}
# zsh completion for ${program}
#
# In this shell:    source <(${program} completion zsh)
# In every shell:   ${program} completion zsh > "$fpath[1]/_${program}"
#   or the first line in ~/.zshrc

_${program}() {
  local -a lines described
  local line value description paths
  lines=("\${(@f)$("\${words[1]/#\\~\\//$HOME/}" __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  paths=$lines[1]
  shift lines
  for line in $lines; do
    value=\${line%%$'\\t'*}
    description=\${line#*$'\\t'}
    described+=("\${value//:/\\\\:}\${description:+:$description}")
  done
  ((\${#described})) && _describe -V ${program} described
  [[ $paths == none ]] && return
  [[ $PREFIX == --*=* ]] && compset -P '*='
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
  esac
}

if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  (($+functions[compdef])) || { autoload -Uz compinit && compinit; }
  compdef _${program} ${program}
fi
`;
}
