import type { Rules } from './settings.ts';

/** How to inspect an image with a version of a model from a program. */
export interface Example {
  /** For syntax highlighting. */
  readonly language: 'shell' | 'javascript' | 'python' | 'csharp';
  readonly title: string;
  readonly code: string;
}

/** A version of a model, and where it is served. */
export interface Served {
  readonly model: string;
  readonly version: number;
  /** Rules that replace those of the model file. */
  readonly rules: Pick<Rules, 'threshold' | 'unsure'>;
  /** What the rules come to. */
  readonly threshold: number;
  /** Base of the server's URLs, without a slash at the end. */
  readonly url: string;
  /** Whether requests need a key. */
  readonly needsKey: boolean;
}

/** Examples for the command line, HTTP and some languages. Each prints the score of `image.png`. */
export function examplesFor(served: Served): Example[] {
  return [
    { language: 'shell', title: 'Command line', code: commandLine(served) },
    { language: 'shell', title: 'HTTP', code: http(served) },
    { language: 'javascript', title: 'JavaScript, @bigrid/node', code: javascript(served) },
    { language: 'python', title: 'Python, ONNX Runtime', code: python(served) },
    { language: 'csharp', title: 'C#, ONNX Runtime', code: csharp(served) },
  ];
}

function commandLine(served: Served): string {
  const { threshold, unsure } = served.rules;
  const flags = [
    ...(threshold === undefined ? [] : [`--threshold ${quoted(threshold)}`]),
    ...(unsure === undefined ? [] : [`--unsure ${quoted(unsure)}`]),
  ];
  return `${download(served)}
${['bigrid inspect', fileOf(served), 'image.png', ...flags, '--json'].join(' ')}`;
}

function http(served: Served): string {
  return `curl ${key(served)}--data-binary @image.png ${versionUrl(served)}/inspect`;
}

function javascript(served: Served): string {
  const { threshold, unsure } = served.rules;
  const options = { threshold, unsure };
  const given = Object.values(options).some((rule) => rule !== undefined);
  const rules = given ? `, ${JSON.stringify(options)}` : '';
  return `// ${download(served)}
import { openDetector } from '@bigrid/node';

const detector = await openDetector('${fileOf(served)}'${rules});
const { score, verdict } = await detector.inspect('image.png');
console.log(score, verdict);
await detector.dispose();`;
}

function python(served: Served): string {
  return `# ${download(served)}
# pip install onnxruntime numpy pillow
import json, os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np, onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession("${fileOf(served)}")
${pythonThreshold(served)}

image = np.asarray(Image.open("image.png").convert("RGB"))[None]
anomaly_map, score = session.run(["anomaly_map", "score"], {"image": image})
print(score[0], score[0] > threshold)`;
}

function pythonThreshold({ rules, threshold }: Served): string {
  return rules.threshold === undefined
    ? `manifest = json.loads(session.get_modelmeta().custom_metadata_map["bigrid.manifest"])
threshold = manifest["calibration"]["threshold"]`
    : `threshold = ${threshold}  # as set on the server`;
}

function csharp(served: Served): string {
  return `// ${download(served)}
// dotnet add package Microsoft.ML.OnnxRuntime
// dotnet add package SixLabors.ImageSharp
using System;
using System.Collections.Generic;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

using var session = new InferenceSession("${fileOf(served)}");
${csharpThreshold(served)}

using var image = Image.Load<Rgb24>("image.png");
var rgb = new byte[3 * image.Width * image.Height];
image.CopyPixelDataTo(rgb);

using var input = OrtValue.CreateTensorValueFromMemory(rgb, new long[] { 1, image.Height, image.Width, 3 });
var inputs = new Dictionary<string, OrtValue> { ["image"] = input };
using var options = new RunOptions();
using var outputs = session.Run(options, inputs, new[] { "score", "anomaly_map" });
float score = outputs[0].GetTensorDataAsSpan<float>()[0];
Console.WriteLine($"{score} {score > threshold}");`;
}

function csharpThreshold({ rules, threshold }: Served): string {
  return rules.threshold === undefined
    ? `using var manifest = JsonDocument.Parse(session.ModelMetadata.CustomMetadataMap["bigrid.manifest"]);
double threshold = manifest.RootElement.GetProperty("calibration").GetProperty("threshold").GetDouble();`
    : `double threshold = ${threshold}; // as set on the server`;
}

function download(served: Served): string {
  return `curl ${key(served)}-o ${fileOf(served)} ${versionUrl(served)}/file`;
}

function key({ needsKey }: Served): string {
  return needsKey ? '-H "Authorization: Bearer KEY" ' : '';
}

function versionUrl({ url, model, version }: Served): string {
  return `${url}/v1/models/${model}/versions/${version}`;
}

function fileOf({ model, version }: Served): string {
  return `${model}-${version}.onnx`;
}

/** A word of a shell command. */
function quoted(text: string): string {
  return /^[\w:.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
