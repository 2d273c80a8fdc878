"""Makes a deployment package, as `pip install --target` and a zip of that folder do.

Arguments: the archive, the file with the handler, the distributions that go with it.
"""
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

archive, handler, *names = sys.argv[1:]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
    package.write(handler, Path(handler).name)
    for name in names:
        for file in distribution(name).files:
            # Command-line scripts are installed outside the folder.
            if ".." not in file.parts:
                package.write(file.locate(), file)
