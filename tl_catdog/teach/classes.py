"""Classes of a folder that is taught: added, renamed, removed, as folders are."""

from __future__ import annotations

import os

from tl_catdog.data.folder_names import class_key
from tl_catdog.errors import UsageError, listing, shown
from tl_catdog.teach.changing import Changing
from tl_catdog.teach.items import UNLABELLED, Changed, pictures
from tl_catdog.teach.names import new_class_name
from tl_catdog.teach.plans import Plan
from tl_catdog.teach.said import Said, said_of
from tl_catdog.teach.steps import FOLDER, MAKE, REMOVED, Step


class ClassChanges(Changing):
    """What changes a folder's classes."""

    def add_class(self, name: str, tab: str = "") -> Changed:
        """Add a class: a folder.

        Raises:
            UsageError: It can't have that name.
            CatdogError: The disk refuses; nothing was changed, as for each change.
        """
        with self._changed:
            self.refresh()
            plain = new_class_name(name, self._disk.classes)
            self._check_free(plain)
            plan = self._plan()
            plan.add(Step(MAKE, "", plain))
            return self._do("class", tab, f"class {plain}", plan)

    def _check_free(self, folder: str) -> None:
        if os.path.lexists(self.root / folder):
            raise UsageError(
                f"expected a name that nothing in {self.root} has, found {shown(folder)}.",
                "Choose another name",
            )

    def said(self) -> Said | None:
        """Return which classes the names of pictures that have none say, or a table; or None."""
        with self._changed:
            waiting, classes = self._table.view(None), list(self._disk.classes)
        return said_of(self.root, waiting, classes)

    def take_said(self, tab: str = "") -> Changed:
        """Give pictures the classes that their names say, or a table; make those that aren't there.

        Raises:
            UsageError: Nothing says any, or something else has a class's name.
            CatdogError: The disk refuses.
        """
        with self._changed:
            self._read_all()
            said = self.said()
            if said is None:
                raise UsageError(
                    "expected pictures whose names say their class, found none.", "Label some"
                )
            plan = self._plan()
            for name in sorted(set(said.labels.values()) - set(self._disk.classes)):
                self._check_free(name)
                plan.add(Step(MAKE, "", name))
            for id, name in said.labels.items():
                plan.move(self._table.items[id], self._disk.classes.get(name, name))
            return self._do("label", tab, f"{pictures(len(plan.ids))} sorted by {said.where}", plan)

    def rename_class(self, old: str, new: str, tab: str = "") -> Changed:
        """Rename a class and its folder.

        Raises:
            UsageError: There is no such class, or it can't have that name.
            CatdogError: The disk refuses.
        """
        with self._changed:
            self.refresh()
            plan = self._plan()
            folder = self._only_folder(old, plan)
            plain = new_class_name(new, [name for name in self._disk.classes if name != old])
            target = self.root / plain
            if not (target.exists() and target.samefile(self.root / folder)):
                self._check_free(plain)
            if plain != folder:
                plan.add(Step(FOLDER, folder, plain))
            return self._do("rename", tab, f"class {old} is {plain}", plan)

    def _only_folder(self, label: str, plan: Plan) -> str:
        folder = plan.folder_of(label)
        key = class_key(folder)
        folders = {item.place.split("/")[0] for item in self._table.view(label)} | {folder}
        if len(folders) > 1:
            raise UsageError(
                f"expected one folder of class {key}, found {listing(sorted(folders))}.",
                "Put their pictures into one of them",
            )
        return folder

    def remove_class(self, name: str, tab: str = "") -> Changed:
        """Remove a class; its pictures are without one then.

        Raises:
            UsageError: There is no such class.
            CatdogError: The disk refuses.
        """
        with self._changed:
            self._read_all()
            plan = self._plan()
            folder = self._only_folder(name, plan)
            plan.folder_of(None)
            for item in self._table.view(name):
                plan.move(item, UNLABELLED)
            plan.add(Step(FOLDER, folder, plan.free(f"{REMOVED}/{plan.number}/{folder}")))
            return self._do("remove-class", tab, f"without class {name}", plan)
