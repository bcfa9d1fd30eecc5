// From a picture's pixels to what the network takes: the same bits as Pillow's antialiased bilinear
// filter, and so as prepare.py. Needs C++17 alone.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

using Bytes = std::vector<uint8_t>;

struct Weights {
  int first;
  std::vector<int32_t> values;
};

// Which pixels count for each place of a side, and how much: Pillow's antialiased bilinear filter,
// in whole numbers of 22 bits behind the point, as Pillow computes.
inline std::vector<Weights> weights(int length, int size) {
  std::vector<Weights> found(size);
  const double scale = double(length) / size, reach = std::max(scale, 1.0);
  for (int place = 0; place < size; place++) {
    const double centre = (place + 0.5) * scale;
    const int first = std::max(0, int(centre - reach + 0.5));
    const int last = std::min(length, int(centre + reach + 0.5));
    std::vector<double> parts;
    double sum = 0;
    for (int i = first; i < last; i++) {
      parts.push_back(std::max(0.0, 1 - std::abs((i - centre + 0.5) / reach)));
      sum += parts.back();
    }
    found[place].first = first;
    for (double part : parts) found[place].values.push_back(int32_t(part / sum * (1 << 22) + 0.5));
  }
  return found;
}

inline uint8_t byte(int64_t sum) { return uint8_t(std::clamp<int64_t>(sum >> 22, 0, 255)); }

// Makes each row of a picture as long as `size`.
inline Bytes across(const Bytes& pixels, int width, int height, int size) {
  const auto places = weights(width, size);
  Bytes found(size_t(height) * size * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < size; x++)
      for (int c = 0; c < 3; c++) {
        int64_t sum = 1 << 21;
        const auto& [first, values] = places[x];
        for (size_t i = 0; i < values.size(); i++)
          sum += int64_t(values[i]) * pixels[(size_t(y) * width + first + i) * 3 + c];
        found[(size_t(y) * size + x) * 3 + c] = byte(sum);
      }
  return found;
}

// Makes each column of a picture as long as `size`.
inline Bytes down(const Bytes& pixels, int width, int height, int size) {
  const auto places = weights(height, size);
  const size_t row = size_t(width) * 3;
  Bytes found(size * row);
  for (int y = 0; y < size; y++)
    for (size_t x = 0; x < row; x++) {
      int64_t sum = 1 << 21;
      const auto& [first, values] = places[y];
      for (size_t i = 0; i < values.size(); i++)
        sum += int64_t(values[i]) * pixels[(first + i) * row + x];
      found[y * row + x] = byte(sum);
    }
  return found;
}

// Squeeze RGB pixels, rows from the top, to a square. Pillow begins with the direction that leaves
// less work for the other.
inline Bytes prepare(const Bytes& pixels, int width, int height, int size) {
  if (height <= size || height + size <= 2 * width)
    return down(across(pixels, width, height, size), size, height, size);
  return across(down(pixels, width, height, size), width, size, size);
}
