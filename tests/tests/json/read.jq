# Writes what the output of -J says, for ../json.rs: see read.py.
def field($name; form): if has($name) then .[$name] | form else "-" end;
def text: if type == "string" then . else tojson end;
def path: if has("path") | not then "-"
    elif .path | type == "string" then "s" + (.path | @uri)
    else "a" + (.path | map(tojson) | join(",")) end;
(.ipcmk[] | [
    field("kind", "key", "mode"; text), field("id", "size", "nsems", "created"; tojson), path
] | join("\t")), "."
