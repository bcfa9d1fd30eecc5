// Asks the network about a picture, in C++ with ONNX Runtime. In the export's folder:
//
//     g++ -std=c++17 -O2 examples/predict.cpp -I ORT/include -L ORT/lib -lonnxruntime -o predict
//     ./predict model.onnx photo.ppm
//
// ORT is the unpacked archive of github.com/microsoft/onnxruntime/releases. A PPM is read, so that
// no other library is needed (convert photo.jpg -auto-orient -background white -flatten photo.ppm);
// give `prepare` the pixels of whichever decoder you have: RGB, upright, transparency over white.
// It prints the probabilities, in the order of labels.txt, and the novelty: an answer is unsure
// below `unsure.below` of metadata.json, or with a novelty above `unsure.above`.

#include <onnxruntime_c_api.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "prepare.hpp"

#ifdef _WIN32
#error "CreateSession takes a wide string on Windows: give it one"
#endif

static Bytes read_ppm(const char* name, int& width, int& height) {
  std::ifstream file(name, std::ios::binary);
  std::string magic;
  int most = 0;
  if (!(file >> magic >> width >> height >> most) || magic != "P6" || most != 255 || width < 1 ||
      height < 1 || int64_t(width) * height > 100'000'000) {
    std::fprintf(stderr, "expected a PPM (P6, 255) of at most 100 million pixels: %s\n", name);
    std::exit(2);
  }
  file.get();
  Bytes pixels(size_t(width) * height * 3);
  file.read(reinterpret_cast<char*>(pixels.data()), std::streamsize(pixels.size()));
  return pixels;
}

static const OrtApi* ort = nullptr;

static void check(OrtStatus* status) {
  if (status == nullptr) return;
  std::fprintf(stderr, "%s\n", ort->GetErrorMessage(status));
  std::exit(1);
}

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: predict model.onnx photo.ppm\n");
    return 2;
  }
  ort = OrtGetApiBase()->GetApi(17);  // ONNX Runtime 1.17 or newer
  if (ort == nullptr) return 1;
  OrtEnv* env;
  OrtSessionOptions* options;
  OrtSession* session;
  check(ort->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "predict", &env));
  check(ort->CreateSessionOptions(&options));
  check(ort->CreateSession(env, words[1], options, &session));

  // The file itself says how large pictures are, and whether it takes bytes or single precision.
  OrtTypeInfo* info;
  const OrtTensorTypeAndShapeInfo* taken;
  ONNXTensorElementDataType kind;
  int64_t shape[4];
  check(ort->SessionGetInputTypeInfo(session, 0, &info));
  check(ort->CastTypeInfoToTensorInfo(info, &taken));
  check(ort->GetTensorElementType(taken, &kind));
  check(ort->GetDimensions(taken, shape, 4));
  shape[0] = 1;

  int width, height;
  const Bytes pixels = read_ppm(words[2], width, height);
  Bytes bytes = prepare(pixels, width, height, int(shape[1]));
  std::vector<float> numbers(bytes.begin(), bytes.end());
  const bool whole = kind == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
  void* data = whole ? static_cast<void*>(bytes.data()) : numbers.data();
  const size_t length = whole ? bytes.size() : numbers.size() * sizeof(float);

  OrtMemoryInfo* memory;
  OrtValue* picture = nullptr;
  check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  check(ort->CreateTensorWithDataAsOrtValue(memory, data, length, shape, 4, kind, &picture));
  size_t outputs;
  check(ort->SessionGetOutputCount(session, &outputs));
  const char* taking[] = {"pictures"};
  const char* giving[] = {"probabilities", "novelty"};
  OrtValue* given[2] = {nullptr, nullptr};
  outputs = std::min<size_t>(outputs, 2);
  check(ort->Run(session, nullptr, taking, &picture, 1, giving, outputs, given));
  for (size_t i = 0; i < outputs; i++) {
    OrtTensorTypeAndShapeInfo* form;
    size_t size;
    float* values;
    check(ort->GetTensorTypeAndShape(given[i], &form));
    check(ort->GetTensorShapeElementCount(form, &size));
    check(ort->GetTensorMutableData(given[i], reinterpret_cast<void**>(&values)));
    std::printf("%s:", giving[i]);
    for (size_t k = 0; k < size; k++) std::printf(" %.6f", values[k]);
    std::printf("\n");
  }
  return 0;
}
