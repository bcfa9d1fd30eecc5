// As much of ONNX Runtime's C interface as examples/predict.cpp uses, for the test that compiles it
// and runs it on the library that npm brings without headers. Written from the published order of
// OrtApi, which never changes (functions are only added at its end): each SKIP is one not used.

#pragma once

#include <stddef.h>
#include <stdint.h>

#define SKIP_(line) void* skipped##line
#define SKIP__(line) SKIP_(line)
#define SKIP SKIP__(__COUNTER__)

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;

typedef enum { ORT_LOGGING_LEVEL_ERROR = 3 } OrtLoggingLevel;
typedef enum { OrtArenaAllocator = 1 } OrtAllocatorType;
typedef enum { OrtMemTypeDefault = 0 } OrtMemType;
typedef enum {
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 = 2
} ONNXTensorElementDataType;

typedef struct OrtApi {
  SKIP; SKIP;
  const char* (*GetErrorMessage)(const OrtStatus*);
  OrtStatus* (*CreateEnv)(OrtLoggingLevel, const char*, OrtEnv**);
  SKIP; SKIP; SKIP;
  OrtStatus* (*CreateSession)(const OrtEnv*, const char*, const OrtSessionOptions*, OrtSession**);
  SKIP;
  OrtStatus* (*Run)(OrtSession*, const OrtRunOptions*, const char* const*, const OrtValue* const*,
                    size_t, const char* const*, size_t, OrtValue**);
  OrtStatus* (*CreateSessionOptions)(OrtSessionOptions**);
  SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP;
  SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP;
  OrtStatus* (*SessionGetOutputCount)(const OrtSession*, size_t*);
  SKIP;
  OrtStatus* (*SessionGetInputTypeInfo)(const OrtSession*, size_t, OrtTypeInfo**);
  SKIP; SKIP; SKIP; SKIP; SKIP;
  SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP; SKIP;
  SKIP;
  OrtStatus* (*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo*, void*, size_t, const int64_t*,
                                               size_t, ONNXTensorElementDataType, OrtValue**);
  SKIP;
  OrtStatus* (*GetTensorMutableData)(OrtValue*, void**);
  SKIP; SKIP; SKIP;
  OrtStatus* (*CastTypeInfoToTensorInfo)(const OrtTypeInfo*, const OrtTensorTypeAndShapeInfo**);
  SKIP; SKIP; SKIP; SKIP;
  OrtStatus* (*GetTensorElementType)(const OrtTensorTypeAndShapeInfo*, ONNXTensorElementDataType*);
  SKIP;
  OrtStatus* (*GetDimensions)(const OrtTensorTypeAndShapeInfo*, int64_t*, size_t);
  SKIP;
  OrtStatus* (*GetTensorShapeElementCount)(const OrtTensorTypeAndShapeInfo*, size_t*);
  OrtStatus* (*GetTensorTypeAndShape)(const OrtValue*, OrtTensorTypeAndShapeInfo**);
  SKIP; SKIP; SKIP;
  OrtStatus* (*CreateCpuMemoryInfo)(OrtAllocatorType, OrtMemType, OrtMemoryInfo**);
} OrtApi;

typedef struct OrtApiBase {
  const OrtApi* (*GetApi)(uint32_t);
  const char* (*GetVersionString)(void);
} OrtApiBase;

#ifdef __cplusplus
extern "C"
#endif
const OrtApiBase* OrtGetApiBase(void);
