# Writes what the output of -J says, for ../json.rs: see read.py.
def field($name; form): if has($name) then .[$name] | form else "-" end;
def text: if type == "string" then . else tojson end;
def bytes($name): if has($name) | not then "-"
    elif .[$name] | type == "string" then "s" + (.[$name] | @uri)
    else "a" + (.[$name] | map(tojson) | join(",")) end;
(.ipcmk[] | [
    field("kind", "key", "mode"; text), field("id", "size", "nsems", "qbytes", "maxmsg", "msgsize", "created"; tojson), bytes("path", "name")
] | join("\t")), "."
