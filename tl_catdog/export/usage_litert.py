"""What the README of a LiteRT export says besides what all of them say."""

LINES = """from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("{model}")
interpreter.allocate_tensors()
taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
interpreter.set_tensor(taken["index"], pictures.astype(np.{dtype}))
interpreter.invoke()
probabilities = interpreter.get_tensor(given["index"])[0]"""
"""How it is loaded and asked in Python; `{{` stands for `{`."""

NOTES = ""
"""What follows the lines of Python, in Markdown."""
