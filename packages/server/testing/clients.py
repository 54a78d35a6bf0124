"""Asks a server of Bigrid through the clients of Triton Inference Server and KServe, unchanged.

    clients.py URL MODEL IMAGE   prints a line of JSON: what each client received
"""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from PIL import Image


def with_triton(host, model, path):
    client = triton.InferenceServerClient(host)
    pixels = np.asarray(Image.open(path).convert('RGB'))[None]
    answers = {
        'live': client.is_server_live(),
        'ready': client.is_server_ready(),
        'model_ready': client.is_model_ready(model),
        'version_ready': client.is_model_ready(model, '1'),
        'extensions': client.get_server_metadata()['extensions'],
        'inputs': [tensor['name'] for tensor in client.get_model_metadata(model)['inputs']],
    }
    for name, binary in [('binary', True), ('json', False)]:
        image = triton.InferInput('image', list(pixels.shape), 'UINT8')
        image.set_data_from_numpy(pixels, binary_data=binary)
        asked = [
            triton.InferRequestedOutput(output, binary_data=binary)
            for output in ['score', 'anomaly_map', 'is_anomalous', 'verdict']
        ]
        result = client.infer(model, [image], outputs=asked, request_id=f'of {name}')
        answers[name] = described(result) | {'id': result.get_response()['id']}
    encoded = triton.InferInput('image', [1], 'BYTES')
    encoded.set_data_from_numpy(np.array([open(path, 'rb').read()], dtype=object))
    result = client.infer(model, [encoded], model_version='1')
    answers['encoded'] = described(result) | {'threshold': float(result.as_numpy('threshold')[0])}
    try:
        client.infer('no-such-model', [encoded])
    except triton.InferenceServerException as error:
        answers['missing'] = error.message()
    return answers


def described(result):
    verdict = result.as_numpy('verdict')[0]
    return {
        'score': float(result.as_numpy('score')[0]),
        'map': list(result.as_numpy('anomaly_map').shape),
        'peak': float(result.as_numpy('anomaly_map').max()),
        'is_anomalous': bool(result.as_numpy('is_anomalous')[0]),
        'verdict': verdict.decode() if isinstance(verdict, bytes) else str(verdict),
    }


async def with_kserve(url, model, path):
    client = InferenceRESTClient(RESTConfig(protocol='v2', timeout=60))
    pixels = np.asarray(Image.open(path).convert('RGB'))[None]
    answers = {
        'live': await client.is_server_live(url),
        'ready': await client.is_server_ready(url),
        'model_ready': await client.is_model_ready(url, model),
    }
    for name, binary in [('binary', True), ('json', False)]:
        image = InferInput('image', list(pixels.shape), 'UINT8')
        image.set_data_from_numpy(pixels, binary_data=binary)
        request = InferRequest(model_name=model, infer_inputs=[image], request_id=f'of {name}')
        response = await client.infer(url, request, model_name=model)
        outputs = {output.name: output for output in response.outputs}
        answers[name] = {
            'score': float(outputs['score'].as_numpy()[0]),
            'map': list(outputs['anomaly_map'].as_numpy().shape),
            'id': response.id,
        }
    await client.close()
    return answers


if __name__ == '__main__':
    url, model, path = sys.argv[1:]
    host = url.removeprefix('http://')
    answers = {
        'triton': with_triton(host, model, path),
        'kserve': asyncio.run(with_kserve(url, model, path)),
    }
    print(json.dumps(answers))
