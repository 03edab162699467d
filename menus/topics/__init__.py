"""The screens, a module per topic. Importing this package declares them all."""

from menus.machine import Screens

SCREENS = Screens()
screen = SCREENS.screen
