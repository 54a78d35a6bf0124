// Inspects many images and prints a CSV table. Properties of an entry, such as an order number, come back with its
// verdict.
//
//   node batch.mjs part.onnx new-images/ > verdicts.csv
import { basename } from 'node:path';
import { imageEntry, inspect, listImages } from '@bigrid/node';

const [model, folder] = process.argv.slice(2);

const paths = await listImages(folder);
const entries = paths.map((path, index) => ({ ...imageEntry(path), order: 1000 + index }));

let unreadable = 0;
console.log('order,file,verdict,score');
for await (const result of inspect(model, entries)) {
  const { order, path } = result.entry;
  if ('error' in result) {
    unreadable++;
    console.log(`${order},${basename(path)},${result.error.code},`);
  } else {
    console.log(`${order},${basename(path)},${result.verdict},${result.score}`);
  }
}
process.exitCode = unreadable > 0 ? 1 : 0;
