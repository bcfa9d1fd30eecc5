// Asks the network about a picture, on iOS with MediaPipe Tasks (not compiled by any test):
//
//     pod 'MediaPipeTasksVision'
//
// Put model.tflite into the app's bundle. MediaPipe turns and resizes the picture by itself, without
// the antialiasing that the network was trained with; where answers differ from the run's, resize
// with prepare.py's rule (README.md) and give it the small square.

import MediaPipeTasksVision
import UIKit

final class Predict {
  private let classifier: ImageClassifier
  private let below: Float?

  /// `below` is `unsure_below` of metadata.json: answers with less than this are withheld.
  init(below: Float?) throws {
    let options = ImageClassifierOptions()
    options.baseOptions.modelAssetPath =
      Bundle.main.path(forResource: "model", ofType: "tflite") ?? "model.tflite"
    options.runningMode = .image
    options.maxResults = 1
    classifier = try ImageClassifier(options: options)
    self.below = below
  }

  /// Returns the class and its probability; the class is "unsure" where it is withheld.
  func answer(_ picture: UIImage) throws -> (String, Float)? {
    let result = try classifier.classify(image: MPImage(uiImage: picture))
    guard let best = result.classificationResult.classifications.first?.categories.first else {
      return nil
    }
    let withheld = below.map { best.score < $0 } ?? false
    return (withheld ? "unsure" : best.categoryName ?? "", best.score)
  }
}
