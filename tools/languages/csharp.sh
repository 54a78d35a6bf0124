#!/usr/bin/env bash
# Compiles a C# program and runs it in the current folder, or compiles a library. prepare.sh puts it next to its parts.
#
#   csharp FILE.cs
#   csharp --library FILE.dll SOURCE.cs...
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
# Without ICU, which .NET would load from the system.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

compile() {
  local reference=("$here"/dotnet/packs/Microsoft.NETCore.App.Ref/*/ref/*/*.dll "$here"/libraries/*.dll)
  # The depsfile puts the newer System.Collections.Immutable of this Roslyn before .NET Core's.
  LD_LIBRARY_PATH="$here/openssl" "$here/dotnet/dotnet" exec --depsfile "$here/roslyn/AutoRest.CSharp.deps.json" \
    --runtimeconfig "$here/roslyn/csc.runtimeconfig.json" "$here/roslyn/csc.dll" \
    -nologo -warn:0 -langversion:9 -unsafe "${reference[@]/#/-r:}" "$@"
}

shopt -s nullglob
if [ "$1" = --library ]; then
  compile -target:library "-out:$2" "${@:3}"
else
  program="$(mktemp -d)"
  trap 'rm -rf "$program"' EXIT
  compile "-out:$program/program.dll" "$1"
  cp -P "$here"/libraries/* "$program/"
  "$here/dotnet/dotnet" exec --runtimeconfig "$here/roslyn/csc.runtimeconfig.json" "$program/program.dll"
fi
