/**
 * ONNX Runtime 1.29 and newer report their use to Microsoft and keep a number for the machine in the home folder, unless
 * this is set before the library loads (microsoft/onnxruntime#27379). Bigrid sends nothing to anybody; whoever wants to
 * report sets it to 0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
