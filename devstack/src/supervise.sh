# Runs one server and ends it when standard input closes, which happens when the process
# that holds the other end ends, whichever way. Prints the server's process id.
#
# usage: tied|detached SIGNAL SECONDS LOG FOLDER COMMAND...
#   SIGNAL   asks the server to end; it has SECONDS until KILL
#   FOLDER   removed after the end, unless empty
life=$1 signal=$2 seconds=$3 log=$4 folder=$5
shift 5

exec 3<&0 </dev/null 2>>"$log"
setsid "$@" >>"$log" 3<&- &
server=$!
echo "$server"
[ "$life" = detached ] && exit 0
exec >/dev/null 2>&1
trap '' HUP INT TERM

children() {
    for stat in /proc/[0-9]*/stat; do
        read -r pid _ _ parent _ <"$stat" && [ "$parent" = "$server" ] && echo "$pid"
    done
}

end() {
    if [ "$signal" != KILL ]; then
        kill -s "$signal" "$server"
        kill -s CONT "$server" $(children)
        tenths=$((seconds * 10))
        while [ "$tenths" -gt 0 ] && kill -0 "$server"; do
            sleep 0.1
            tenths=$((tenths - 1))
        done
    fi
    kill -s STOP "$server"
    kill -s KILL $(children) "$server"
}

(
    read -r _ <&3
    end
) &
guard=$!

wait "$server"
# From here on the number may belong to another process.
kill -s KILL "$guard"
# The server may have been killed to be started again: its folder is needed until the end.
read -r _ <&3
if [ -n "$folder" ]; then
    rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
fi
