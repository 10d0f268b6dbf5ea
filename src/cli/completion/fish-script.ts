/** Completion for fish, 3.0 and later. */

export function fishScript(program: string): string {
  return `# fish completion for ${program}
#
# In this shell:    ${program} completion fish | source
# In every shell:   ${program} completion fish > ~/.config/fish/completions/${program}.fish

function __${program}_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l called (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l lines ($called __complete fish -- $words "$current" 2>/dev/null)
    set -l paths $lines[1]
    set -e lines[1]
    if set -q lines[1]
        printf '%s\\n' $lines
    end
    set -l before (string match -r '^--[^=]*=' -- $current)
    set -l typed (string replace -r '^--[^=]*=' '' -- $current)
    switch "$paths"
        case files
            for path in (__fish_complete_path $typed)
                printf '%s\\n' "$before$path"
            end
        case folders
            for path in (__fish_complete_directories $typed)
                printf '%s\\n' "$before$path"
            end
    end
end

complete -c ${program} -f -k -a '(__${program}_complete)'
`;
}
