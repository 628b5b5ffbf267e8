"""The command that shows embedding models, and tries one: `models`."""

import argparse
from dataclasses import replace

from stackroom.cli.arguments import settings_of
from stackroom.cli.exit_codes import OK
from stackroom.common.errors import ModelError


def models(arguments: argparse.Namespace) -> int:
    if arguments.action == "try":
        from stackroom.cli.commands.trial import try_model

        return try_model(arguments)
    from stackroom.cli.models.present import present_models, with_speed
    from stackroom.cli.models.recommended import recommended, source
    from stackroom.cli.models.report import list_as_json, list_as_table
    from stackroom.cli.progress import ProgressDisplay
    from stackroom.common.events import Events

    settings = settings_of(arguments)
    here = present_models(settings, arguments.folder)
    with ProgressDisplay(Events(as_json=settings.log_json), quiet=arguments.quiet) as display:
        for number, model in enumerate(here):
            display.count("measuring", number, len(here))
            try:
                here[number] = with_speed(model, settings)
            except ModelError as error:
                here[number] = replace(model, runtime=str(error))
    show = list_as_json if arguments.json else list_as_table
    print(show(here, recommended(), source()))
    return OK
