/** Completion for bash, 3.2 and later, with or without the package bash-completion. */

export function bashScript(program: string): string {
  return `# bash completion for ${program}
#
# In this shell:    source <(${program} completion bash)
# In every shell:   the line above in ~/.bashrc
#   or, where the package bash-completion is installed:
#                   ${program} completion bash > ~/.local/share/bash-completion/completions/${program}

_${program}() {
  # Bash splits at every : and =, which names and ids contain: the words are put together again, up to the cursor.
  local rest=\${COMP_LINE:0:COMP_POINT} words=() index piece trimmed
  for ((index = 0; index <= COMP_CWORD; index++)); do
    piece=\${COMP_WORDS[index]}
    trimmed=\${rest#"\${rest%%[![:space:]]*}"}
    [[ $trimmed == "$piece"* ]] || piece=$trimmed
    if ((index == 0)) || [[ $trimmed != "$rest" ]]; then
      words+=("$piece")
    else
      words[\${#words[@]}-1]+=$piece
    fi
    rest=\${trimmed#"$piece"}
  done
  local current=\${words[\${#words[@]}-1]} called=\${words[0]/#'~/'/"$HOME/"}

  # What readline leaves alone, because it stands before a character at which it splits.
  local before=$current
  if [[ $current == [\\"\\']* ]]; then
    before=
  else
    while [[ -n $before && $COMP_WORDBREAKS != *"\${before: -1}"* ]]; do before=\${before%?}; done
  fi

  local paths= value
  COMPREPLY=()
  {
    read -r paths
    while IFS=$'\\t' read -r value _; do
      value=\${value#"$before"}
      if [[ $current != [\\"\\']* && $value == *[!A-Za-z0-9_.,:=@/+-]* ]]; then printf -v value %q "$value"; fi
      COMPREPLY+=("$value")
    done
  } < <("$called" __complete bash -- "\${words[@]:1}" 2>/dev/null)

  # Bash 3 has no compopt.
  case $paths in
    files) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "\${current#"$before"}")) ;;
    folders) compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "\${current#"$before"}")) ;;
  esac
}

complete -F _${program} ${program}
`;
}
