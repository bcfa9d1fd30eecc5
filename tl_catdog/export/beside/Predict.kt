// Asks the network about a picture, on Android with MediaPipe Tasks (not compiled by any test):
//
//     implementation("com.google.mediapipe:tasks-vision:0.10.26")
//
// Put model.tflite into the app's assets. MediaPipe turns and resizes the picture by itself, without
// the antialiasing that the network was trained with; where answers differ from the run's, resize
// with prepare.py's rule (README.md) and give it the small square.

package example

import android.content.Context
import android.graphics.Bitmap
import com.google.mediapipe.framework.image.BitmapImageBuilder
import com.google.mediapipe.tasks.core.BaseOptions
import com.google.mediapipe.tasks.vision.core.RunningMode
import com.google.mediapipe.tasks.vision.imageclassifier.ImageClassifier

/** `below` is `unsure_below` of metadata.json: answers with less than this are withheld. */
class Predict(context: Context, private val below: Float?) {
    private val classifier = ImageClassifier.createFromOptions(
        context,
        ImageClassifier.ImageClassifierOptions.builder()
            .setBaseOptions(BaseOptions.builder().setModelAssetPath("model.tflite").build())
            .setRunningMode(RunningMode.IMAGE)
            .setMaxResults(1)
            .build(),
    )

    /** Returns the class and its probability; the class is "unsure" where it is withheld. */
    fun answer(bitmap: Bitmap): Pair<String, Float> {
        val result = classifier.classify(BitmapImageBuilder(bitmap).build())
        val best = result.classificationResult().classifications()[0].categories()[0]
        val withheld = below != null && best.score() < below
        return Pair(if (withheld) "unsure" else best.categoryName(), best.score())
    }
}
