"""Makes a deployment package, as `pip install --target` and a zip of that folder do.

Arguments: the archive, the function's files with commas between them, the distributions to add.
"""
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

archive, files, *names = sys.argv[1:]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
    for file in files.split(","):
        package.write(file, Path(file).name)
    for name in names:
        for file in distribution(name).files:
            # Command-line scripts are installed outside the folder.
            if ".." not in file.parts:
                package.write(file.locate(), file)
