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

// Squeeze RGB pixels, rows from the top, to a square.
inline Bytes prepare(const Bytes& pixels, int width, int height, int size) {
  const auto across = weights(width, size), down = weights(height, size);
  Bytes rows(size_t(height) * size * 3), found(size_t(size) * size * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < size; x++)
      for (int c = 0; c < 3; c++) {
        int64_t sum = 1 << 21;
        for (size_t i = 0; i < across[x].values.size(); i++)
          sum += int64_t(across[x].values[i]) *
                 pixels[(size_t(y) * width + across[x].first + i) * 3 + c];
        rows[(size_t(y) * size + x) * 3 + c] = byte(sum);
      }
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size * 3; x++) {
      int64_t sum = 1 << 21;
      for (size_t i = 0; i < down[y].values.size(); i++)
        sum += int64_t(down[y].values[i]) * rows[(down[y].first + i) * size * 3 + x];
      found[size_t(y) * size * 3 + x] = byte(sum);
    }
  return found;
}
