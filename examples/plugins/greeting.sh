#!/bin/sh
# A plug-in for Antibody in plain sh, with jq: a greeting in a file of its own directory.
#
#   plugin:greeting/lobby: { fields: { text: "welcome" } }
#
# One line of JSON is one question, one line is one answer. docs/plugins.md has the whole protocol.
set -u
directory=${1:?usage: greeting.sh DIRECTORY}

say() { printf '%s\n' "$1"; }

# The first line says who this is.
say '{"v":1,"plugin":"greeting"}'

while IFS= read -r question; do
  id=$(printf '%s' "$question" | jq -r '.id')
  verb=$(printf '%s' "$question" | jq -r '.do')
  # The name comes from policy: nothing of it may lead out of the directory.
  name=$(printf '%s' "$question" | jq -r '.name // ""' | tr -c 'A-Za-z0-9\n' '_')
  wanted=$(printf '%s' "$question" | jq -r '.fields.text // ""')
  file="$directory/$name"
  case $verb in
    observe)
      if [ ! -f "$file" ]; then
        say "{\"id\":$id,\"kept\":false,\"drift\":\"there is no greeting\",\"attributes\":[\"text\"],\"repair\":\"write it\",\"idempotent\":true}"
      elif [ "$(cat "$file")" != "$wanted" ]; then
        say "{\"id\":$id,\"kept\":false,\"drift\":\"another greeting is there\",\"attributes\":[\"text\"],\"repair\":\"write it\",\"idempotent\":true}"
      else
        say "{\"id\":$id,\"kept\":true}"
      fi
      ;;
    repair)
      say "{\"id\":$id,\"step\":1,\"of\":2,\"note\":\"writing\"}"
      # Beside it, then renamed: nobody ever reads half a greeting.
      if printf '%s\n' "$wanted" >"$file.new" && mv "$file.new" "$file"; then
        say "{\"id\":$id,\"step\":2,\"of\":2,\"note\":\"renamed\"}"
        say "{\"id\":$id,\"done\":\"greeting written\"}"
      else
        rm -f "$file.new"
        say "{\"id\":$id,\"error\":{\"code\":\"EIO\",\"message\":\"the greeting cannot be written\"}}"
      fi
      ;;
    *) ;; # A question that this plug-in does not know, such as cancel: its answers are quick.
  esac
done
