# Completion of ipcmk for bash. `make docs` makes it from the table of options.

# Offers the users in /etc/passwd, and after a colon the groups in /etc/group.
_ipcmk_owner() {
    local file=/etc/passwd user='' name
    if [[ $1 == *:* ]]; then
        file=/etc/group
        user=${1%%:*}:
    fi
    while IFS=: read -r name _; do
        [[ $user$name != "$1"* ]] || COMPREPLY+=("$user$name")
    done <$file
}

_ipcmk() {
    local IFS=$' \t\n'

    # The arguments up to the cursor: bash splits COMP_WORDS at = and : too. The x holds the place of
    # an empty one.
    local words word
    # shellcheck disable=SC2162 # A backslash keeps a blank.
    read -a words <<<"${COMP_LINE:0:COMP_POINT}x"
    word=${words[-1]%x}
    unset 'words[-1]' 'words[0]'

    # The options of the grammar that the line is in: all, those with an argument, and the letters
    # without and with one.
    local options arguments flags letters
    if [[ " ${words[*]} " =~ ' '(--keyed|--size|--nsems|-o)[' '=] ]]; then
        options=' -M --shmem -S --semaphore -Q --queue --mode -V --version -h --help -e --existing -r --raw -J --json --owner --value --hugetlb --noreserve --lock --dry-run --remove -p --size -s --nsems -o'
        arguments=' --shmem --semaphore --queue --mode --owner --value --size --nsems'
        flags='VherJ'
        letters='MSQpso'
    else
        options=' -M --shmem -m --posix-shmem -S --semaphore -s --posix-semaphore -Q --queue -q --posix-mqueue -p --mode -n --name -V --version -h --help -k --key --ftok -e --existing -r --raw -J --json --owner --value --qbytes --maxmsg --msgsize --libc --allocate --hugetlb --noreserve --lock --batch --dry-run --remove'
        arguments=' --shmem --posix-shmem --semaphore --mode --name --key --ftok --owner --value --qbytes --maxmsg --msgsize --libc --batch'
        flags='sQqVherJ'
        letters='MmSpnk'
    fi
    ((${#words[@]} > 0)) || options+=' --keyed'

    # The option whose argument the cursor is in.
    local option='' before
    for before in "${words[@]}"; do
        if [[ $option ]]; then
            option=
        elif [[ $before == -- ]]; then
            return
        elif [[ " $arguments " == *" $before "* ]]; then
            option=$before
        elif [[ $before =~ ^-[$flags]*([$letters])$ ]]; then
            option=-${BASH_REMATCH[1]}
        fi
    done
    local name=''
    if [[ ! $option && $word == --*=* ]]; then
        option=${word%%=*}
        name=$option=
    fi

    COMPREPLY=()
    local value=${word#"$name"}
    case $option in
        '') mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
        --ftok) compopt -o default ;;
        --owner) _ipcmk_owner "$value" ;;
        --libc) mapfile -t COMPREPLY < <(compgen -W 'glibc musl' -- "$value") ;;
        --batch) compopt -o default ;;
    esac
    # What bash takes for the word is $2, which can begin behind a = or :.
    COMPREPLY=("${COMPREPLY[@]/#/"$name"}")
    COMPREPLY=("${COMPREPLY[@]#"${word%"$2"}"}")
}

complete -F _ipcmk ipcmk ipcmk-static
